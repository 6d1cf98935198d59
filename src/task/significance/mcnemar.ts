/**
 * McNemar's test: is one of two systems right more often on the same items? Only items on which exactly
 * one is right can tell (Q. McNemar, Psychometrika 12, 1947). With b and c such items, if the systems
 * are equally good, each of the b + c is a toss of a coin:
 *
 *     exact = min(1, 2 P(X <= min(b, c))),   X binomial(b + c, 1/2)
 *     mid-p = exact - P(X = min(b, c)), at most 1
 *     chi2  = (|b - c| - 1)^2 / (b + c), with one degree of freedom
 *
 * The mid-p is less cautious and holds the level in practice (M. W. Fagerland, S. Lydersen and P.
 * Laake, BMC Med. Res. Methodol. 13:91, 2013). The chi-square is an approximation (A. L. Edwards,
 * 1948), and is given from 25 such items on. Items count as independent.
 */

import { binomialTails, chi2Tails } from '../../numeric/distributions.ts';
import { binomialPoint } from '../../numeric/pointProbability.ts';
import type { PairCounts } from './correctness.ts';

export interface ChiSquare {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  readonly p: number;
}

export interface Mcnemar {
  /** Items on which exactly one system is right. */
  readonly discordant: number;
  readonly exact: number;
  readonly midP: number;
  readonly chi2?: ChiSquare;
}

/** Where the approximation is good enough to stand beside the exact values. */
const CHI2_FROM = 25;

type Discordant = Pick<PairCounts, 'onlyFirstRight' | 'onlySecondRight'>;

export function mcnemarTest(counts: Discordant): Mcnemar {
  const { onlyFirstRight, onlySecondRight } = counts;
  const discordant = onlyFirstRight + onlySecondRight;
  if (discordant === 0) return { discordant, exact: 1, midP: 1 };
  const fewer = Math.min(onlyFirstRight, onlySecondRight);
  const twice = 2 * binomialTails(fewer, discordant, 0.5).lower;
  const point = binomialPoint(fewer, discordant, 0.5);
  const p = { discordant, exact: Math.min(1, twice), midP: Math.min(1, twice - point) };
  return discordant < CHI2_FROM ? p : { ...p, chi2: mcnemarChi2(counts) };
}

/** @param corrected for the counts being whole, by Edwards' 1 */
export function mcnemarChi2(counts: Discordant, corrected = true): ChiSquare {
  const { onlyFirstRight, onlySecondRight } = counts;
  const distance = Math.abs(onlyFirstRight - onlySecondRight) - (corrected ? 1 : 0);
  const discordant = onlyFirstRight + onlySecondRight;
  const statistic = discordant === 0 ? 0 : distance ** 2 / discordant;
  return { statistic, degreesOfFreedom: 1, p: chi2Tails(statistic, 1).upper };
}
