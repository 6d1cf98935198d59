/** Rows of token ids, made equally long, as the tensors that graphs take. */

import type { Tensor } from 'onnxruntime-common';
import type { Runtime } from './session.ts';

export type TokenRows = readonly (readonly number[])[];

/** Which end of a row is filled up; what stands there is hidden by the mask. */
export type Padding = 'left' | 'right';

export interface TokenBatch {
  readonly rowCount: number;
  readonly length: number;
  /** [rows][length] */
  readonly ids: BigInt64Array;
  /** 1 for tokens, 0 for padding. */
  readonly mask: BigInt64Array;
  /** Positions, counted from the first token of each row. */
  readonly positions: BigInt64Array;
}

export function batchTokens(rows: TokenRows, padding: Padding): TokenBatch {
  const length = Math.max(1, ...rows.map((row) => row.length));
  const size = rows.length * length;
  const ids = new BigInt64Array(size);
  const mask = new BigInt64Array(size);
  const positions = new BigInt64Array(size);
  rows.forEach((row, r) => {
    const first = r * length + (padding === 'left' ? length - row.length : 0);
    row.forEach((id, i) => {
      ids[first + i] = BigInt(id);
      mask[first + i] = 1n;
      positions[first + i] = BigInt(i);
    });
  });
  return { rowCount: rows.length, length, ids, mask, positions };
}

export function int64Tensor(
  { Tensor }: Runtime,
  values: BigInt64Array,
  dims: readonly number[],
): Tensor {
  return new Tensor('int64', values, dims);
}
