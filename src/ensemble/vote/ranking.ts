/** Ballots that order labels, for the rules that look further than the favourite. */

import { badInput } from '../../errors.ts';
import { ballotWeights } from './tally.ts';

/**
 * A score for each label, of which only the order counts: a higher one is preferred, equal ones are
 * alike. A member's log-probabilities are such a ballot. Undefined abstains.
 */
export type RankedBallot = ArrayLike<number> | undefined;

/** A ballot from labels in order, best first. Labels left out are alike, and below all others. */
export function ballotOfRanking(
  ranking: readonly string[],
  labels: readonly string[],
): Float64Array {
  const ballot = new Float64Array(labels.length).fill(Number.NEGATIVE_INFINITY);
  ranking.forEach((label, place) => {
    const k = labels.indexOf(label);
    if (k < 0) throw badInput(`ranking: ${JSON.stringify(label)} is not one of the labels`);
    if (ballot[k] !== Number.NEGATIVE_INFINITY) {
      throw badInput(`ranking: ${JSON.stringify(label)} is there twice`);
    }
    ballot[k] = -place;
  });
  return ballot;
}

function assertBallot(ballot: ArrayLike<number>, labelCount: number, index: number): void {
  if (ballot.length !== labelCount) {
    throw badInput(`vote: ballot ${index} scores ${ballot.length} labels of ${labelCount}`);
  }
  if (!Array.from(ballot).some(Number.isNaN)) return;
  throw badInput(`vote: ballot ${index} has a score that is NaN`);
}

/**
 * Hands every ballot that was cast to `count`, with its weight.
 *
 * @returns the weight of those who abstained, and whether anybody voted
 */
export function countBallots(
  ballots: readonly RankedBallot[],
  labelCount: number,
  given: readonly number[] | undefined,
  count: (ballot: ArrayLike<number>, weight: number) => void,
): { readonly abstained: number; readonly anybodyVoted: boolean } {
  const weights = ballotWeights(ballots.length, given);
  let abstained = 0;
  let counted = 0;
  ballots.forEach((ballot, i) => {
    if (!ballot) abstained += weights[i]!;
    else {
      assertBallot(ballot, labelCount, i);
      count(ballot, weights[i]!);
      counted += weights[i]!;
    }
  });
  return { abstained, anybodyVoted: counted > 0 };
}
