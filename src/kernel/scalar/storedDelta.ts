/**
 * Task vectors d = x - base of stored BF16 values, brought to a tile.
 *
 * deltaBf16: d.  deltaWithinBf16: d where from <= key(d) < end, else 0, and how many d have exactly
 * the keys `first` and `second`; of `second` nothing is said where `end` is above all keys.
 * deltaAtRandomBf16: factor d where dropRandomly (bernoulli.ts) keeps it, else 0.
 * histogramDeltaKeys: histogramKeys (select.ts) of d.
 *
 * The truth for ../assembly/storedDelta.ts.
 */

import type { Pointer } from '../kernels.ts';
import { drawsOf } from './bernoulli.ts';
import { readBf16 } from './convert.ts';
import { countKeys, keyOf, NAN_KEY } from './select.ts';
import { type Numbers, numbersAt, type Tiles } from './tiles.ts';

function deltasOf(tiles: Tiles, x: Pointer, base: Pointer, count: number): Numbers {
  const own = new DataView(tiles.buffer, x, count * 2);
  const other = new DataView(tiles.buffer, base, count * 2);
  return Float64Array.from({ length: count }, (_, j) =>
    tiles.round(readBf16(own, j * 2) - readBf16(other, j * 2)),
  );
}

export function deltaBf16(
  tiles: Tiles,
  x: Pointer,
  base: Pointer,
  target: Pointer,
  count: number,
): void {
  numbersAt(tiles, target, count).set(deltasOf(tiles, x, base, count));
}

export function histogramDeltaKeys(
  tiles: Tiles,
  x: Pointer,
  base: Pointer,
  first: number,
  size: number,
  bins: Pointer,
  count: number,
): number {
  return countKeys(tiles, deltasOf(tiles, x, base, count), first, size, bins);
}

export function deltaWithinBf16(
  tiles: Tiles,
  x: Pointer,
  base: Pointer,
  band: Pointer,
  target: Pointer,
  count: number,
): void {
  const bounds = new Int32Array(tiles.buffer, band, 6);
  const [from, end, first, second] = bounds;
  const deltas = deltasOf(tiles, x, base, count);
  const keys = Array.from(deltas, (d) => keyOf(d, tiles.bits));
  const out = numbersAt(tiles, target, count);
  for (const [j, key] of keys.entries()) out[j] = from! <= key && key < end! ? deltas[j]! : 0;
  bounds[4] = keys.filter((key) => key === first).length;
  bounds[5] = end! > NAN_KEY ? 0 : keys.filter((key) => key === second).length;
}

export function deltaAtRandomBf16(
  tiles: Tiles,
  x: Pointer,
  base: Pointer,
  keyLow: number,
  keyHigh: number,
  start: number,
  threshold: number,
  factor: number,
  _words: Pointer,
  target: Pointer,
  count: number,
): void {
  const { round } = tiles;
  const deltas = deltasOf(tiles, x, base, count);
  const isKept = drawsOf([keyLow >>> 0, keyHigh >>> 0], threshold >>> 0);
  const out = numbersAt(tiles, target, count);
  const by = round(factor);
  for (let j = 0; j < count; j++) out[j] = isKept(start + j) ? round(deltas[j]! * by) : 0;
}
