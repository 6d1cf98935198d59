/**
 * Interval for the difference of two accuracies on the same items, without resampling (R. G. Newcombe,
 * "Improved Confidence Intervals for the Difference between Binomial Proportions Based on Paired Data",
 * Stat. Med. 17, 1998). With Wilson's bounds l_i, u_i of each accuracy p_i,
 *
 *     low  = p_1 - p_2 - sqrt((p_1 - l_1)^2 - 2 phi (p_1 - l_1)(u_2 - p_2) + (u_2 - p_2)^2)
 *     high = p_1 - p_2 + sqrt((u_1 - p_1)^2 - 2 phi (u_1 - p_1)(p_2 - l_2) + (p_2 - l_2)^2)
 *
 * phi is the correlation of the two systems' being right (method 8), its numerator reduced by n / 2
 * towards 0 where it is positive (method 10, the default, which Newcombe recommends). Unlike the
 * bootstrap's it keeps its level with few items and near 0 and 1.
 */

import { type Interval, wilsonInterval } from '../../numeric/intervals.ts';
import { itemCountOf, type PairCounts } from './correctness.ts';

export interface AccuracyDifference {
  /** Accuracy of the first minus that of the second. */
  readonly difference: number;
  readonly interval: Interval;
}

export interface AccuracyDifferenceOptions {
  /** Points of the normal distribution between which the interval lies; 1.96 for 95 %. */
  readonly z?: number;
  readonly reducePhi?: boolean;
}

export function accuracyDifferenceInterval(
  counts: PairCounts,
  { z, reducePhi = true }: AccuracyDifferenceOptions = {},
): AccuracyDifference {
  const n = itemCountOf(counts);
  const phi = phiOf(counts, reducePhi ? n / 2 : 0);
  const first = armsOf(counts.bothRight + counts.onlyFirstRight, n, z);
  const second = armsOf(counts.bothRight + counts.onlySecondRight, n, z);
  const difference = (counts.onlyFirstRight - counts.onlySecondRight) / n;
  return {
    difference,
    interval: {
      low: difference - thirdSide(first.below, second.above, phi),
      high: difference + thirdSide(first.above, second.below, phi),
    },
  };
}

/** From a proportion down to its low bound and up to its high one. */
function armsOf(right: number, n: number, z?: number): { below: number; above: number } {
  const { low, high } = wilsonInterval(right, n, z);
  return { below: right / n - low, above: high - right / n };
}

function thirdSide(a: number, b: number, phi: number): number {
  return Math.sqrt(Math.max(0, a * a - 2 * phi * a * b + b * b));
}

/** 0 where a system is right everywhere or nowhere. */
function phiOf(counts: PairCounts, reduction: number): number {
  const { bothRight, onlyFirstRight, onlySecondRight, bothWrong } = counts;
  const margins =
    (bothRight + onlyFirstRight) *
    (onlySecondRight + bothWrong) *
    (bothRight + onlySecondRight) *
    (onlyFirstRight + bothWrong);
  const plain = bothRight * bothWrong - onlyFirstRight * onlySecondRight;
  const numerator = plain > 0 ? Math.max(0, plain - reduction) : plain;
  return margins === 0 ? 0 : numerator / Math.sqrt(margins);
}
