/**
 * Order statistics of magnitudes. key(x) = the bits of |x| as a float32, which order magnitudes;
 * NaN is one above infinity. In float64 the magnitude is first rounded to float32: elements that
 * then coincide are ties, which the index decides.
 *
 * Coarse bin of a key: (key + 2^15 - 1) >> 15, so bin 0 is zero alone. Fine bin: key - first.
 * The truth for ../assembly/select.ts.
 */

import type { Pointer } from '../kernels.ts';
import { countersAt, type Numbers, numbersAt, type Tiles } from './tiles.ts';

export const NAN_KEY = 0x7f800001;
const COARSE_SHIFT = 15;
const BIN_KEYS = 1 << COARSE_SHIFT;

export function keyOf(x: number, bits: DataView): number {
  if (Number.isNaN(x)) return NAN_KEY;
  bits.setFloat32(0, Math.abs(x));
  return bits.getUint32(0);
}

function keysOf({ bits }: Tiles, x: Numbers): Int32Array {
  const keys = new Int32Array(x.length);
  for (let j = 0; j < x.length; j++) keys[j] = keyOf(x[j]!, bits);
  return keys;
}

export function histogramCoarse(tiles: Tiles, x: Pointer, bins: Pointer, count: number): void {
  const counters = countersAt(tiles, bins, 1 << 16);
  for (const key of keysOf(tiles, numbersAt(tiles, x, count))) {
    counters[(key + BIN_KEYS - 1) >> COARSE_SHIFT]! += 1;
  }
}

/** Returns how many keys are below the range. */
export function histogramKeys(
  tiles: Tiles,
  x: Pointer,
  first: number,
  size: number,
  bins: Pointer,
  count: number,
): number {
  return countKeys(tiles, numbersAt(tiles, x, count), first, size, bins);
}

export function countKeys(
  tiles: Tiles,
  x: Numbers,
  first: number,
  size: number,
  bins: Pointer,
): number {
  const counters = countersAt(tiles, bins, size);
  let below = 0;
  for (const key of keysOf(tiles, x)) {
    if (key < first) below++;
    else if (key < first + size) counters[key - first]! += 1;
  }
  return below;
}

export function countKey(tiles: Tiles, x: Pointer, key: number, count: number): number {
  return keysOf(tiles, numbersAt(tiles, x, count)).filter((other) => other === key).length;
}

/** Returns how many elements have exactly this key. */
export function zeroBelow(
  tiles: Tiles,
  by: Pointer,
  key: number,
  target: Pointer,
  count: number,
): number {
  const keys = keysOf(tiles, numbersAt(tiles, by, count));
  const out = numbersAt(tiles, target, count);
  let equal = 0;
  for (let j = 0; j < count; j++) {
    if (keys[j]! === key) equal++;
    if (keys[j]! < key) out[j] = 0;
  }
  return equal;
}

export function zeroFrom(
  tiles: Tiles,
  by: Pointer,
  key: number,
  target: Pointer,
  count: number,
): void {
  const keys = keysOf(tiles, numbersAt(tiles, by, count));
  const out = numbersAt(tiles, target, count);
  for (let j = 0; j < count; j++) if (keys[j]! >= key) out[j] = 0;
}

/** Zeroes elements of this key: all but the first `few` (spareFirst), or only those. */
export function zeroEqual(
  tiles: Tiles,
  by: Pointer,
  key: number,
  few: number,
  spareFirst: number,
  target: Pointer,
  count: number,
): void {
  const keys = keysOf(tiles, numbersAt(tiles, by, count));
  const out = numbersAt(tiles, target, count);
  let seen = 0;
  for (let j = 0; j < count; j++) {
    if (keys[j] !== key) continue;
    const isFirst = seen++ < few;
    if (isFirst !== (spareFirst !== 0)) out[j] = 0;
  }
}
