/**
 * Rules by which several task vectors d_1 ... d_k agree on one value per element.
 *
 * electSign: sign of sum_i votes_i d_i, zero and NaN counting as +; the sum of weights_i d_i over
 *            the i whose votes_i d_i has that sign, divided, if asked, by the sum of their weights
 *            (0 divides by 1).
 * mergeOverlap: the mean of the d_i with |d_i| > epsilon, added up as sum_i d_i / n; one that stands
 *               alone times alone_i.
 * countOverlap: how many elements each vector moves alone, and how many together with others.
 * variance: 1/k sum_i (d_i - mean)^2.
 *
 * The truth for ../assembly/elect.ts.
 */

import type { Pointer } from '../kernels.ts';
import { doublesAt, type Numbers, numbersAt, type Tiles, vectorsAt } from './tiles.ts';

export function electSign(
  tiles: Tiles,
  list: Pointer,
  votes: Pointer,
  weights: Pointer,
  k: number,
  normalize: number,
  out: Pointer,
  count: number,
): void {
  const { round } = tiles;
  const vectors = vectorsAt(tiles, list, k, count);
  const v = numbersAt(tiles, votes, k);
  const w = numbersAt(tiles, weights, k);
  const result = numbersAt(tiles, out, count);
  for (let j = 0; j < count; j++) {
    const negative = balanceOf(tiles, vectors, v, j) < 0;
    let sum = 0;
    let divisor = 0;
    for (let m = 0; m < k; m++) {
      const d = vectors[m]![j]!;
      const vote = round(d * v[m]!);
      if (!(negative ? vote < 0 : vote > 0)) continue;
      sum = round(sum + round(d * w[m]!));
      divisor = round(divisor + w[m]!);
    }
    if (normalize) sum = round(sum / (divisor === 0 ? 1 : divisor));
    result[j] = sum;
  }
}

function balanceOf(
  { round }: Tiles,
  vectors: readonly Numbers[],
  votes: Numbers,
  j: number,
): number {
  let balance = 0;
  for (let m = 0; m < vectors.length; m++) {
    balance = round(balance + round(vectors[m]![j]! * votes[m]!));
  }
  return balance;
}

export function mergeOverlap(
  tiles: Tiles,
  list: Pointer,
  alone: Pointer,
  k: number,
  epsilon: number,
  out: Pointer,
  count: number,
): void {
  const { round } = tiles;
  const vectors = vectorsAt(tiles, list, k, count);
  const factors = numbersAt(tiles, alone, k);
  const limit = round(epsilon);
  const result = numbersAt(tiles, out, count);
  for (let j = 0; j < count; j++) {
    const moved = vectors.flatMap((d, m) => (Math.abs(d[j]!) > limit ? [m] : []));
    let sum = 0;
    for (const m of moved) {
      const d = vectors[m]![j]!;
      sum = round(sum + round(moved.length === 1 ? d * factors[m]! : d / moved.length));
    }
    result[j] = sum;
  }
}

export function countOverlap(
  tiles: Tiles,
  list: Pointer,
  k: number,
  epsilon: number,
  counts: Pointer,
  count: number,
): void {
  const vectors = vectorsAt(tiles, list, k, count);
  const limit = tiles.round(epsilon);
  const totals = doublesAt(tiles, counts, 2 * k);
  for (let j = 0; j < count; j++) {
    const moved = vectors.map((d) => Math.abs(d[j]!) > limit);
    const isShared = moved.filter(Boolean).length > 1;
    for (let m = 0; m < k; m++) {
      if (moved[m]) totals[2 * m + (isShared ? 1 : 0)]! += 1;
    }
  }
}

export function variance(
  tiles: Tiles,
  list: Pointer,
  k: number,
  out: Pointer,
  count: number,
): void {
  const { round } = tiles;
  const vectors = vectorsAt(tiles, list, k, count);
  const result = numbersAt(tiles, out, count);
  for (let j = 0; j < count; j++) {
    let sum = 0;
    for (const d of vectors) sum = round(sum + d[j]!);
    const mean = round(sum / k);
    let squares = 0;
    for (const d of vectors) {
      const distance = round(d[j]! - mean);
      squares = round(squares + round(distance * distance));
    }
    result[j] = round(squares / k);
  }
}
