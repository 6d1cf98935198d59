/**
 * Sums over a tile, in float64: dot = sum_j x_j y_j, sumMagnitudes = sum_j |x_j|, and dots added to
 * a Gram matrix or, one product per element, to a row of them.
 *
 * Element j goes to the running sum j mod 4; the four are added as (0 + 1) + (2 + 3).
 * The truth for ../assembly/reduce.ts.
 */

import type { Pointer } from '../kernels.ts';
import { doublesAt, type Numbers, numbersAt, type Tiles, vectorsAt } from './tiles.ts';

function sumOf(count: number, term: (j: number) => number): number {
  const sums: [number, number, number, number] = [0, 0, 0, 0];
  for (let j = 0; j < count; j++) sums[(j & 3) as 0 | 1 | 2 | 3] += term(j);
  return sums[0] + sums[1] + (sums[2] + sums[3]);
}

function dotOf(x: Numbers, y: Numbers): number {
  return sumOf(x.length, (j) => x[j]! * y[j]!);
}

export function dot(tiles: Tiles, x: Pointer, y: Pointer, count: number): number {
  return dotOf(numbersAt(tiles, x, count), numbersAt(tiles, y, count));
}

export function sumMagnitudes(tiles: Tiles, x: Pointer, count: number): number {
  const values = numbersAt(tiles, x, count);
  return sumOf(count, (j) => Math.abs(values[j]!));
}

export function addGram(
  tiles: Tiles,
  list: Pointer,
  k: number,
  gram: Pointer,
  count: number,
): void {
  const vectors = vectorsAt(tiles, list, k, count);
  const sums = doublesAt(tiles, gram, (k * (k + 1)) / 2);
  let slot = 0;
  for (let a = 0; a < k; a++) {
    for (let b = a; b < k; b++) sums[slot++]! += dotOf(vectors[a]!, vectors[b]!);
  }
}

export function addProducts(
  tiles: Tiles,
  x: Pointer,
  y: Pointer,
  sums: Pointer,
  count: number,
): void {
  const a = numbersAt(tiles, x, count);
  const b = numbersAt(tiles, y, count);
  const totals = doublesAt(tiles, sums, count);
  for (let j = 0; j < count; j++) totals[j]! += a[j]! * b[j]!;
}
