/**
 * Arithmetic on BF16 values as they are stored.
 *
 * weightedSumBf16: out = sum_i w_i x_i / divisor, from left to right.
 * addBaseBf16: out = base + factor x, where x is a tile.
 *
 * The truth for ../assembly/stored.ts.
 */

import type { Pointer } from '../kernels.ts';
import { readBf16, writeBf16 } from './convert.ts';
import { numbersAt, type Tiles } from './tiles.ts';

export function weightedSumBf16(
  tiles: Tiles,
  list: Pointer,
  weights: Pointer,
  k: number,
  divisor: number,
  out: Pointer,
  count: number,
): void {
  const { round } = tiles;
  const viewOf = (at: Pointer) => new DataView(tiles.buffer, at, count * 2);
  const vectors = Array.from(new Uint32Array(tiles.buffer, list, k), viewOf);
  const w = numbersAt(tiles, weights, k);
  const by = round(divisor);
  const target = viewOf(out);
  for (let at = 0; at < count * 2; at += 2) {
    let sum = round(readBf16(vectors[0]!, at) * w[0]!);
    for (let m = 1; m < k; m++) sum = round(sum + round(readBf16(vectors[m]!, at) * w[m]!));
    writeBf16(target, at, round(sum / by), tiles.bits);
  }
}

export function addBaseBf16(
  tiles: Tiles,
  x: Pointer,
  factor: number,
  base: Pointer,
  out: Pointer,
  count: number,
): void {
  const { round } = tiles;
  const by = round(factor);
  const from = numbersAt(tiles, x, count);
  const own = new DataView(tiles.buffer, base, count * 2);
  const target = new DataView(tiles.buffer, out, count * 2);
  for (let j = 0; j < count; j++) {
    const sum = round(round(from[j]! * by) + readBf16(own, j * 2));
    writeBf16(target, j * 2, sum, tiles.bits);
  }
}
