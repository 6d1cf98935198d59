/**
 * Cochran's Q: are several systems equally often right on the same items? For two systems it is
 * McNemar's chi-square without correction (W. G. Cochran, Biometrika 37, 1950).
 *
 *     Q = (k - 1) (k sum of C_j^2 - N^2) / (k N - sum of R_i^2)
 *
 * k systems; C_j right answers of system j, R_i of item i, N in all; chi-square with k - 1 degrees of
 * freedom, for items enough on which systems differ. It tells that some differ, not which.
 */

import { badInput } from '../../errors.ts';
import { chi2Tails } from '../../numeric/distributions.ts';
import { type Correctness, rightCount, rightPerItem } from './correctness.ts';
import type { ChiSquare } from './mcnemar.ts';

/** @param correct [systems, items]; p is 1 where no item tells the systems apart */
export function cochranQTest(correct: readonly Correctness[]): ChiSquare {
  const k = correct.length;
  if (k < 2) throw badInput(`Cochran's Q: ${k} systems are given, and at least 2 are compared`);
  const ofItems = rightPerItem(correct);
  const ofSystems = correct.map(rightCount);
  const all = ofSystems.reduce((sum, right) => sum + right, 0);
  const systemSquares = ofSystems.reduce((sum, right) => sum + right ** 2, 0);
  const itemSquares = ofItems.reduce((sum, right) => sum + right ** 2, 0);
  const within = k * all - itemSquares;
  const statistic = within === 0 ? 0 : ((k - 1) * (k * systemSquares - all ** 2)) / within;
  return { statistic, degreesOfFreedom: k - 1, p: chi2Tails(statistic, k - 1).upper };
}
