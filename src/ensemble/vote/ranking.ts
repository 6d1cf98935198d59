/** Ballots that order labels, for the rules that look further than the favourite. */

import { badInput } from '../../errors.ts';

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

export function assertBallot(ballot: ArrayLike<number>, labelCount: number, index: number): void {
  if (ballot.length !== labelCount) {
    throw badInput(`vote: ballot ${index} scores ${ballot.length} labels of ${labelCount}`);
  }
  if (!Array.from(ballot).some(Number.isNaN)) return;
  throw badInput(`vote: ballot ${index} has a score that is NaN`);
}
