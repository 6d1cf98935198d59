/**
 * The exact interval for a proportion (C. J. Clopper and E. S. Pearson, Biometrika 26, 1934): all
 * proportions under which neither so few successes nor so many are rarer than half of 1 - `level`.
 *
 *     low = beta quantile((1 - level) / 2; k, n - k + 1),   high = 1 - the same of n - k
 *
 * It covers at least `level` of the time, and is wider than Wilson's (intervals.ts), which covers
 * about as often as it says.
 */

import { badInput } from '../errors.ts';
import { betaQuantile } from './distributions.ts';
import type { Interval } from './intervals.ts';

export function clopperPearsonInterval(successes: number, trials: number, level = 0.95): Interval {
  if (!(trials > 0) || !(successes >= 0) || successes > trials) {
    throw badInput(`interval: ${successes} successes of ${trials} trials make no proportion`);
  }
  const tail = (1 - level) / 2;
  const below = (count: number) =>
    count === 0 ? 0 : betaQuantile(tail, count, trials - count + 1);
  return { low: below(successes), high: 1 - below(trials - successes) };
}
