/**
 * rankLinear: out_j = low + step r_j, where r_j is the rank of |x_j| in its row: 0 for the smallest,
 * equal ones in order of index, NaN above infinity (keys as in select.ts).
 *
 * The truth for ../assembly/rank.ts.
 */

import type { Pointer } from '../kernels.ts';
import { keyOf } from './select.ts';
import { numbersAt, type Tiles } from './tiles.ts';

export function rankLinear(
  tiles: Tiles,
  x: Pointer,
  low: number,
  step: number,
  out: Pointer,
  _scratch: Pointer,
  count: number,
): void {
  const { round, bits } = tiles;
  const keys = Array.from(numbersAt(tiles, x, count), (value) => keyOf(value, bits));
  const order = Array.from(keys.keys()).sort((a, b) => keys[a]! - keys[b]!);
  const result = numbersAt(tiles, out, count);
  for (const [rank, index] of order.entries()) {
    result[index] = round(round(low) + round(round(step) * round(rank)));
  }
}
