/**
 * What a set of items can tell: the smallest difference that a test on it will probably find, and how
 * many items a difference takes (J. Cohen, Statistical Power Analysis for the Behavioral Sciences,
 * 1988; D. Card et al., "With Little Power Comes Great Responsibility", EMNLP 2020).
 *
 *     minimum detectable effect = (z_{1 - level / 2} + z_power) SE
 *     items = ((z_{1 - level / 2} + z_power) sd / difference)^2, rounded up
 *
 * SE is the standard error of the paired difference, sd = SE sqrt(items) the spread of the items'
 * differences. Differences are near normal with items enough. To be planned with, before a result is
 * known: of a result itself the interval says more.
 */

import { badInput } from '../../errors.ts';
import { normalQuantile } from '../../numeric/distributions.ts';
import { itemCountOf, type PairCounts } from './correctness.ts';

export interface PowerOptions {
  /** Of the two-sided test. */
  readonly level?: number;
  /** Probability of finding a difference of that size. */
  readonly power?: number;
}

/** @param standardError of the difference, as comparisons give it; the effect is in its unit */
export function minimumDetectableEffect(standardError: number, options?: PowerOptions): number {
  return reach(options) * standardError;
}

/** @param standardDeviation of the items' differences */
export function itemsNeeded(
  difference: number,
  standardDeviation: number,
  options?: PowerOptions,
): number {
  if (difference === 0) throw badInput('items needed: no number of items shows a difference of 0');
  return Math.ceil(((reach(options) * standardDeviation) / difference) ** 2);
}

/**
 * Standard deviation of the difference in being right, per item: sqrt(d - (p_1 - p_2)^2), where d is
 * the share of items on which exactly one system is right.
 */
export function correctnessDeviation(counts: PairCounts): number {
  const n = itemCountOf(counts);
  const discordant = (counts.onlyFirstRight + counts.onlySecondRight) / n;
  const difference = (counts.onlyFirstRight - counts.onlySecondRight) / n;
  return Math.sqrt(discordant - difference ** 2);
}

/** In standard errors. */
function reach({ level = 0.05, power = 0.8 }: PowerOptions = {}): number {
  return normalQuantile(1 - level / 2) + normalQuantile(power);
}
