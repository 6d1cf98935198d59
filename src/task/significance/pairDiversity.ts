/**
 * How much two members differ in what they have right (Kuncheva and Whitaker, 2003; Q is of G. U. Yule,
 * 1900, kappa of J. Cohen, 1960). With n11 items both have right, n10 and n01 one, n00 none, of n:
 *
 *     Q = (n11 n00 - n01 n10) / (n11 n00 + n01 n10)
 *     rho = (n11 n00 - n01 n10) / sqrt((n11 + n10)(n01 + n00)(n11 + n01)(n10 + n00))
 *     disagreement = (n10 + n01) / n,   double fault = n00 / n
 *     kappa = (agreement - e) / (1 - e),   e the agreement of independent members as accurate
 *
 * Independent members have Q, rho and kappa 0; the higher, the more alike.
 */

import { type Correctness, itemCountOf, type PairCounts, pairCounts } from './correctness.ts';

export interface PairDiversity {
  /** Undefined where it is 0 / 0, as are rho and kappa: when a member is right, or wrong, everywhere. */
  readonly q: number | undefined;
  readonly rho: number | undefined;
  readonly disagreement: number;
  readonly doubleFault: number;
  readonly kappa: number | undefined;
}

export function pairDiversity(counts: PairCounts): PairDiversity {
  const { bothRight, onlyFirstRight, onlySecondRight, bothWrong } = counts;
  const n = itemCountOf(counts);
  const together = bothRight * bothWrong;
  const apart = onlyFirstRight * onlySecondRight;
  const [first, second] = [bothRight + onlyFirstRight, bothRight + onlySecondRight];
  const spread = Math.sqrt(first * (n - first)) * Math.sqrt(second * (n - second));
  const byChance = (first * second + (n - first) * (n - second)) / n;
  return {
    q: ratio(together - apart, together + apart),
    rho: ratio(together - apart, spread),
    disagreement: (onlyFirstRight + onlySecondRight) / n,
    doubleFault: bothWrong / n,
    kappa: ratio(bothRight + bothWrong - byChance, n - byChance),
  };
}

/** Means over all pairs; undefined where one of the pairs' is. */
export function meanPairDiversity(correct: readonly Correctness[]): PairDiversity {
  const pairs = correct.flatMap((first, i) =>
    correct.slice(i + 1).map((second) => pairDiversity(pairCounts(first, second))),
  );
  const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / pairs.length;
  const meanDefined = (values: readonly (number | undefined)[]) => {
    const defined = values.filter((value) => value !== undefined);
    return defined.length < values.length ? undefined : mean(defined);
  };
  return {
    q: meanDefined(pairs.map(({ q }) => q)),
    rho: meanDefined(pairs.map(({ rho }) => rho)),
    disagreement: mean(pairs.map(({ disagreement }) => disagreement)),
    doubleFault: mean(pairs.map(({ doubleFault }) => doubleFault)),
    kappa: meanDefined(pairs.map(({ kappa }) => kappa)),
  };
}

function ratio(numerator: number, denominator: number): number | undefined {
  return denominator === 0 ? undefined : numerator / denominator;
}
