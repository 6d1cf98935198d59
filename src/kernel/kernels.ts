/**
 * What every implementation of the kernels offers: arithmetic on tiles, which are runs of numbers in
 * one shared memory, named by their byte offsets ("pointers").
 *
 * A number is a float32 in the SIMD kernels and their float32 twins, a float64 in the float64 twins
 * (used when an input is F64). Lists of vectors are arrays of uint32 pointers, lists of weights are
 * arrays of numbers, k of each, k >= 1. Tiles may be read and written up to the next multiple of four
 * numbers by nearswap, electSign, mergeOverlap, variance, zeroBelow and zeroFrom, and read so far by
 * rankLinear; the others keep to `count`.
 * The equations stand beside the code, in assembly/.
 */

import type { MergeableDtype } from '../tensor/dtype.ts';

export type Pointer = number;

export interface Kernels {
  readonly name: 'simd' | 'scalar' | 'scalar64';
  /** Bytes of one number of a tile: 4 or 8. */
  readonly numberBytes: 4 | 8;

  decode(dtype: MergeableDtype, source: Pointer, target: Pointer, count: number): void;
  /** target = decoded source - base, where base is a tile. */
  decodeDelta(
    dtype: MergeableDtype,
    source: Pointer,
    base: Pointer,
    target: Pointer,
    count: number,
  ): void;
  encode(dtype: MergeableDtype, source: Pointer, target: Pointer, count: number): void;

  scale(x: Pointer, weight: number, out: Pointer, count: number): void;
  divide(x: Pointer, divisor: number, out: Pointer, count: number): void;
  addScaled(x: Pointer, weight: number, out: Pointer, count: number): void;
  subtract(x: Pointer, y: Pointer, out: Pointer, count: number): void;
  weightedSum(list: Pointer, weights: Pointer, k: number, out: Pointer, count: number): void;
  weightedSumByElement(
    list: Pointer,
    coefficients: Pointer,
    k: number,
    out: Pointer,
    count: number,
  ): void;
  /** The vectors and `out` are stored BF16 values, not tiles. */
  weightedSumBf16(
    list: Pointer,
    weights: Pointer,
    k: number,
    divisor: number,
    out: Pointer,
    count: number,
  ): void;
  /** `base` and `out` are stored BF16 values; padded to a multiple of eight, tiles as well. */
  addBaseBf16(x: Pointer, factor: number, base: Pointer, out: Pointer, count: number): void;
  /** This and the next three: x and base are stored BF16 values, the target is a tile, padded. */
  deltaBf16(x: Pointer, base: Pointer, target: Pointer, count: number): void;
  /** band: int32 from, end, first, second, and places for the counts of the last two. */
  deltaWithinBf16(x: Pointer, base: Pointer, band: Pointer, target: Pointer, count: number): void;
  deltaAtRandomBf16(
    x: Pointer,
    base: Pointer,
    keyLow: number,
    keyHigh: number,
    start: number,
    threshold: number,
    factor: number,
    words: Pointer,
    target: Pointer,
    count: number,
  ): void;
  /** As `histogramKeys`. */
  histogramDeltaKeys(
    x: Pointer,
    base: Pointer,
    first: number,
    size: number,
    bins: Pointer,
    count: number,
  ): number;
  nearswap(base: Pointer, x: Pointer, t: number, out: Pointer, count: number): void;

  electSign(
    list: Pointer,
    votes: Pointer,
    weights: Pointer,
    k: number,
    normalize: number,
    out: Pointer,
    count: number,
  ): void;
  mergeOverlap(
    list: Pointer,
    alone: Pointer,
    k: number,
    epsilon: number,
    out: Pointer,
    count: number,
  ): void;
  /** counts: 2 k float64 values. */
  countOverlap(list: Pointer, k: number, epsilon: number, counts: Pointer, count: number): void;
  variance(list: Pointer, k: number, out: Pointer, count: number): void;

  dot(x: Pointer, y: Pointer, count: number): number;
  sumMagnitudes(x: Pointer, count: number): number;
  /** gram: the upper triangle, k (k + 1) / 2 float64 values, which are added to. */
  addGram(list: Pointer, k: number, gram: Pointer, count: number): void;
  /** sums: `count` float64 values, which are added to. */
  addProducts(x: Pointer, y: Pointer, sums: Pointer, count: number): void;

  /** bins: 2^16 uint32 counters. */
  histogramCoarse(x: Pointer, bins: Pointer, count: number): void;
  /** bins: `size` uint32 counters, one per key from `first` on; returns how many keys are below. */
  histogramKeys(x: Pointer, first: number, size: number, bins: Pointer, count: number): number;
  countKey(x: Pointer, key: number, count: number): number;
  zeroBelow(by: Pointer, key: number, target: Pointer, count: number): number;
  zeroFrom(by: Pointer, key: number, target: Pointer, count: number): void;
  zeroEqual(
    by: Pointer,
    key: number,
    few: number,
    spareFirst: number,
    target: Pointer,
    count: number,
  ): void;

  dropRandomly(
    x: Pointer,
    keyLow: number,
    keyHigh: number,
    start: number,
    threshold: number,
    words: Pointer,
    count: number,
  ): void;
  dropByProbability(
    x: Pointer,
    probabilities: Pointer,
    keyLow: number,
    keyHigh: number,
    start: number,
    words: Pointer,
    divide: number,
    count: number,
  ): void;
  rankLinear(
    x: Pointer,
    low: number,
    step: number,
    out: Pointer,
    scratch: Pointer,
    count: number,
  ): void;

  rowDivergence(x: Pointer, base: Pointer, scratch: Pointer, count: number): number;
  importance(x: Pointer, divergence: number, out: Pointer, count: number): void;
}

/** Numbers that a tile holds at the most, unless a method needs whole rows that are longer. */
export const TILE_NUMBERS = 2048;
export const COARSE_BINS = 1 << 16;
/** Keys that share a coarse bin. */
export const KEYS_PER_BIN = 1 << 15;
/** Words of 1024 bits, as many for the draws that are open, and for those that are decided. */
export const RANDOM_SCRATCH_BYTES = 512;

/** Scratch bytes of `rankLinear` for a row. */
export function rankScratchBytes(rowLength: number): number {
  return 2048 + 8 * (rowLength + 4);
}

/** Scratch bytes of `rowDivergence` for a row. */
export function divergenceScratchBytes(rowLength: number): number {
  return 16 * (rowLength + 2);
}
