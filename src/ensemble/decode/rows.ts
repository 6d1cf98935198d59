/** Rows of log-probabilities, [rows][size], made to fit. */

import { logLinearPool } from '../pool/logLinearPool.ts';

/** Without the last columns of each row, where there are more than `size`. */
export function compactRows(rows: Float32Array, from: number, size: number): Float32Array {
  if (from === size) return rows;
  const count = rows.length / from;
  const compact = new Float32Array(count * size);
  for (let row = 0; row < count; row++) {
    compact.set(rows.subarray(row * from, row * from + size), row * size);
  }
  return compact;
}

/** log p / T, normalised again, a log-linear pool of one member:  p_T = p^(1/T) / sum p^(1/T). */
export function temper<A extends Float32Array | Float64Array>(
  rows: A,
  size: number,
  temperature: number,
): A {
  const tempered = rows.slice() as A;
  logLinearPool([rows], [1 / temperature], size, tempered);
  return tempered;
}
