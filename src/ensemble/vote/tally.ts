/** The outcome of a vote, told so that it can be explained. */

import { badInput } from '../../errors.ts';

export interface Tally {
  /** Undefined if everybody abstained. */
  readonly winner: string | undefined;
  /** In the order of the labels. */
  readonly votes: readonly LabelVotes[];
  /** All that have the most votes; where there are several, the first of the labels won. */
  readonly leaders: readonly string[];
  /** Weight of those who abstained. */
  readonly abstained: number;
}

export interface LabelVotes {
  readonly label: string;
  readonly votes: number;
}

/** Sums of weights closer than this part of them are alike: it is rounding that differs. */
const ALIKE = 1e-12;

/** Whether one sum of weights is larger than another, rounding aside. */
export function exceeds(votes: number, others: number): boolean {
  return votes - others > ALIKE * (Math.abs(votes) + Math.abs(others));
}

/**
 * The label of most votes. Ties go to the label that is first in the list, so with sorted labels to the
 * smallest.
 */
export function tallyOf(
  labels: readonly string[],
  votes: ArrayLike<number>,
  abstained: number,
  anybodyVoted: boolean,
): Tally {
  const counted = labels.map((label, k) => ({ label, votes: votes[k]! }));
  const leaders = anybodyVoted ? leadersOf(votes).map((k) => labels[k]!) : [];
  return { winner: leaders[0], votes: counted, leaders, abstained };
}

/** Places of the largest numbers, in order. */
function leadersOf(votes: ArrayLike<number>): number[] {
  const all = Array.from(votes);
  const most = Math.max(...all);
  return [...all.keys()].filter((k) => !exceeds(most, all[k]!));
}

/** One weight per ballot, 1 unless given. */
export function ballotWeights(
  ballotCount: number,
  weights: readonly number[] | undefined,
): readonly number[] {
  if (!weights) return new Array<number>(ballotCount).fill(1);
  if (weights.length !== ballotCount) {
    throw badInput(`vote: ${weights.length} weights for ${ballotCount} ballots`);
  }
  const wrong = weights.findIndex((weight) => !(weight >= 0 && Number.isFinite(weight)));
  if (wrong < 0) return weights;
  throw badInput(
    `vote: the weight of ballot ${wrong} is ${weights[wrong]}, not a number from 0 on`,
  );
}
