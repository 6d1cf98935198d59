/**
 * The paired randomisation test: do two systems differ on the same clusters of items?
 *
 * If they do not, each cluster's difference is as likely to have the other sign (R. A. Fisher, The
 * Design of Experiments, 1935, chapter 3; for text systems: A. Yeh, COLING 2000). Flipping whole
 * clusters keeps the test right when the items of a cluster are alike, where McNemar's test, which
 * counts every item as independent, would call too much significant.
 */

import { seededRandom } from './random.ts';

export interface SignFlipOptions {
  readonly seed?: number;
  /** Random flips when there are more clusters than can be enumerated. */
  readonly flips?: number;
}

/** Up to this many non-zero differences all 2^n sign patterns are counted: the p-value is exact. */
const ENUMERABLE = 12;
/** Sums of integers are exact, sums of others are not: what counts as equally extreme. */
const SLACK = 1e-9;

/** Two-sided p-value for "the differences have mean zero", one difference per cluster. */
export function signFlipTest(
  differences: readonly number[],
  options: SignFlipOptions = {},
): number {
  const nonZero = differences.filter((difference) => difference !== 0);
  if (nonZero.length === 0) return 1;
  const observed = Math.abs(nonZero.reduce((total, d) => total + d, 0)) - SLACK;
  if (nonZero.length <= ENUMERABLE) return enumerated(nonZero, observed);
  return sampled(nonZero, observed, options.flips ?? 9999, options.seed ?? 0);
}

function enumerated(differences: readonly number[], observed: number): number {
  const patterns = 2 ** differences.length;
  let extreme = 0;
  for (let pattern = 0; pattern < patterns; pattern++) {
    if (Math.abs(flippedSum(differences, () => pattern)) >= observed) extreme++;
  }
  return extreme / patterns;
}

function sampled(differences: readonly number[], observed: number, flips: number, seed: number) {
  const random = seededRandom(seed);
  let extreme = 0;
  for (let flip = 0; flip < flips; flip++) {
    if (Math.abs(flippedSum(differences, () => random.nextUint32())) >= observed) extreme++;
  }
  // The observed arrangement is one of the possible ones, so p is never 0.
  return (extreme + 1) / (flips + 1);
}

/** Sum after flipping; `nextSigns` gives the signs of the next 32 differences, a bit each. */
function flippedSum(differences: readonly number[], nextSigns: () => number): number {
  let signs = 0;
  let total = 0;
  differences.forEach((difference, i) => {
    if (i % 32 === 0) signs = nextSigns();
    total += (signs >>> (i % 32)) & 1 ? difference : -difference;
  });
  return total;
}
