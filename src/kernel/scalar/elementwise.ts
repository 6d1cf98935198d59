/**
 * Elementwise arithmetic over tiles; every operation rounds.
 *
 * scale: out = w x.  divide: out = x / divisor.  addScaled: out = out + w x.  subtract: out = x - y.
 * weightedSum: out = sum_i w_i x_i, from left to right; by element: w_i is a vector.
 * nearswap: s = min(1, t / |base - x|), 0/0 being 1; out = (1 - s) base + s x.
 *
 * The truth for ../assembly/elementwise.ts.
 */

import type { Pointer } from '../kernels.ts';
import { type Numbers, numbersAt, type Tiles, vectorsAt } from './tiles.ts';

export function scale(tiles: Tiles, x: Pointer, weight: number, out: Pointer, count: number): void {
  const { round } = tiles;
  const w = round(weight);
  const from = numbersAt(tiles, x, count);
  const to = numbersAt(tiles, out, count);
  for (let j = 0; j < count; j++) to[j] = round(from[j]! * w);
}

export function divide(
  tiles: Tiles,
  x: Pointer,
  divisor: number,
  out: Pointer,
  count: number,
): void {
  const { round } = tiles;
  const by = round(divisor);
  const from = numbersAt(tiles, x, count);
  const to = numbersAt(tiles, out, count);
  for (let j = 0; j < count; j++) to[j] = round(from[j]! / by);
}

export function addScaled(
  tiles: Tiles,
  x: Pointer,
  weight: number,
  out: Pointer,
  count: number,
): void {
  const { round } = tiles;
  const w = round(weight);
  const from = numbersAt(tiles, x, count);
  const to = numbersAt(tiles, out, count);
  for (let j = 0; j < count; j++) to[j] = round(to[j]! + round(from[j]! * w));
}

export function subtract(tiles: Tiles, x: Pointer, y: Pointer, out: Pointer, count: number): void {
  const a = numbersAt(tiles, x, count);
  const b = numbersAt(tiles, y, count);
  const to = numbersAt(tiles, out, count);
  for (let j = 0; j < count; j++) to[j] = tiles.round(a[j]! - b[j]!);
}

export function weightedSum(
  tiles: Tiles,
  list: Pointer,
  weights: Pointer,
  k: number,
  out: Pointer,
  count: number,
): void {
  const vectors = vectorsAt(tiles, list, k, count);
  const w = numbersAt(tiles, weights, k);
  sumTerms(tiles, vectors, (m) => w[m]!, numbersAt(tiles, out, count));
}

export function weightedSumByElement(
  tiles: Tiles,
  list: Pointer,
  coefficients: Pointer,
  k: number,
  out: Pointer,
  count: number,
): void {
  const vectors = vectorsAt(tiles, list, k, count);
  const c = vectorsAt(tiles, coefficients, k, count);
  sumTerms(tiles, vectors, (m, j) => c[m]![j]!, numbersAt(tiles, out, count));
}

function sumTerms(
  { round }: Tiles,
  vectors: readonly Numbers[],
  weightOf: (m: number, j: number) => number,
  out: Numbers,
): void {
  for (let j = 0; j < out.length; j++) {
    let sum = round(vectors[0]![j]! * weightOf(0, j));
    for (let m = 1; m < vectors.length; m++) {
      sum = round(sum + round(vectors[m]![j]! * weightOf(m, j)));
    }
    out[j] = sum;
  }
}

export function nearswap(
  tiles: Tiles,
  base: Pointer,
  x: Pointer,
  t: number,
  out: Pointer,
  count: number,
): void {
  const { round } = tiles;
  const limit = round(t);
  const from = numbersAt(tiles, base, count);
  const to = numbersAt(tiles, x, count);
  const result = numbersAt(tiles, out, count);
  for (let j = 0; j < count; j++) {
    const b = from[j]!;
    const v = to[j]!;
    const ratio = round(limit / Math.abs(round(b - v)));
    const swap = Number.isNaN(ratio) ? 1 : Math.min(ratio, 1);
    const kept = round(round(1 - swap) * b);
    result[j] = round(kept + round(swap * v));
  }
}
