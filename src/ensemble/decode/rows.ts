/** Rows of log-probabilities, [rows][size], made to fit. */

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

/** log p / T, normalised again:  p_T = p^(1/T) / sum p^(1/T). */
export function temper<A extends Float32Array | Float64Array>(
  rows: A,
  size: number,
  temperature: number,
): A {
  const tempered = rows.slice() as A;
  for (let start = 0; start < rows.length; start += size) {
    let most = Number.NEGATIVE_INFINITY;
    for (let i = start; i < start + size; i++) {
      tempered[i] = rows[i]! / temperature;
      most = Math.max(most, tempered[i]!);
    }
    let sum = 0;
    for (let i = start; i < start + size; i++) sum += Math.exp(tempered[i]! - most);
    const total = most + Math.log(sum);
    for (let i = start; i < start + size; i++) tempered[i]! -= total;
  }
  return tempered;
}
