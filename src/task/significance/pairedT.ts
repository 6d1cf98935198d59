/**
 * The paired t test: is the mean difference of two systems' scores per item 0? ("Student", Biometrika 6,
 * 1908.)
 *
 *     t = mean(d) / (sd(d) / sqrt(n)),   n - 1 degrees of freedom
 *
 * For metrics that are a mean over items, and items enough that the mean is near normal. Not for corpus
 * BLEU, which is no mean of sentences: compareSystems.ts.
 */

import { tQuantile, tTails } from '../../numeric/distributions.ts';
import type { Interval } from '../../numeric/intervals.ts';
import { type MeanDifference, meanDifference, pairedDifferences } from './pairedDifferences.ts';

export interface PairedT extends MeanDifference {
  readonly t: number;
  readonly degreesOfFreedom: number;
  /** Two-sided; 1 where no item differs, 0 where all differ by the same. */
  readonly p: number;
  /** Of the mean difference, 95 %. */
  readonly interval: Interval;
}

export function pairedTTest(first: ArrayLike<number>, second: ArrayLike<number>): PairedT {
  const difference = meanDifference(pairedDifferences(first, second));
  const { mean, standardError } = difference;
  const degreesOfFreedom = first.length - 1;
  const t = mean === 0 ? 0 : mean / standardError;
  const half = -tQuantile(0.025, degreesOfFreedom) * standardError;
  return {
    ...difference,
    ...{ t, degreesOfFreedom },
    p: 2 * tTails(Math.abs(t), degreesOfFreedom).upper,
    interval: { low: mean - half, high: mean + half },
  };
}
