/**
 * How much the members of an ensemble differ in what they have right (L. I. Kuncheva and C. J. Whitaker,
 * "Measures of Diversity in Classifier Ensembles and Their Relationship with the Ensemble Accuracy",
 * Machine Learning 51, 2003). With L members, n items, l_i members right on item i, p the mean accuracy:
 *
 *     entropy            mean of min(l_i, L - l_i) / (L - ceil(L / 2)); 1 where half are right everywhere
 *     Kohavi-Wolpert     mean of l_i (L - l_i) / L^2
 *     interrater kappa   1 - sum of l_i (L - l_i) / (n L (L - 1) p (1 - p)); 1 where all agree
 *     difficulty         variance of l_i / L
 *     generalised        1 - p(2) / p(1): of two members drawn, one failing, how often the other does not
 *     coincident failure sum over j >= 1 of (L - j) / (L - 1) times the share of failed items on which
 *                        j members fail; 1 where failures never meet
 *     oracle             share of items that some member has right: no choice among them does better
 *
 * They describe an ensemble; they hardly predict how accurate it will be, as the paper finds.
 */

import { badInput } from '../../errors.ts';
import { type Correctness, rightPerItem } from './correctness.ts';
import { meanPairDiversity, type PairDiversity } from './pairDiversity.ts';

export interface Diversity {
  readonly meanAccuracy: number;
  readonly oracleAccuracy: number;
  /** Means over all pairs. */
  readonly pairs: PairDiversity;
  readonly entropy: number;
  readonly kohaviWolpertVariance: number;
  /** Undefined where every answer is right, or every one wrong. */
  readonly interraterKappa: number | undefined;
  readonly difficulty: number;
  /** Undefined where no member fails. */
  readonly generalisedDiversity: number | undefined;
  readonly coincidentFailureDiversity: number;
}

/** @param correct [members, items] */
export function diversityOf(correct: readonly Correctness[]): Diversity {
  const members = correct.length;
  if (members < 2)
    throw badInput(`diversity: ${members} members are given, and it is of at least 2`);
  const right = rightPerItem(correct);
  const mean = (of: (right: number) => number) =>
    right.reduce((sum, each) => sum + of(each), 0) / right.length;
  const accuracy = mean((l) => l / members);
  const split = mean((l) => l * (members - l));
  const expected = members * (members - 1) * accuracy * (1 - accuracy);
  return {
    meanAccuracy: accuracy,
    oracleAccuracy: mean((l) => Math.sign(l)),
    pairs: meanPairDiversity(correct),
    entropy: mean((l) => Math.min(l, members - l)) / (members - Math.ceil(members / 2)),
    kohaviWolpertVariance: split / members ** 2,
    interraterKappa: expected === 0 ? undefined : 1 - split / expected,
    difficulty: mean((l) => (l / members - accuracy) ** 2),
    ...failureDiversity(members, right),
  };
}

function failureDiversity(
  members: number,
  right: Uint32Array,
): Pick<Diversity, 'generalisedDiversity' | 'coincidentFailureDiversity'> {
  let [failures, pairs, failedItems, apart] = [0, 0, 0, 0];
  for (const l of right) {
    const failing = members - l;
    failures += failing;
    pairs += (failing * (failing - 1)) / (members - 1);
    if (failing === 0) continue;
    failedItems++;
    apart += l / (members - 1);
  }
  return {
    generalisedDiversity: failures === 0 ? undefined : 1 - pairs / failures,
    coincidentFailureDiversity: failedItems === 0 ? 0 : apart / failedItems,
  };
}
