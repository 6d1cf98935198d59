/**
 * Plurality, the hard vote: every ballot names one label, and the label of the largest weight wins. A
 * majority is not needed. With sorted labels ties go as in scikit-learn's VotingClassifier.
 */

import { badInput } from '../../errors.ts';
import { ballotWeights, type Tally, tallyOf } from './tally.ts';

export interface VoteOptions {
  /** Of the ballots, from 0 on; 1 each unless given. A ballot of weight 0 is not counted. */
  readonly weights?: readonly number[];
}

/**
 * @param ballots a label each; undefined abstains
 * @param labels all there are; ties go to the first of them
 */
export function plurality(
  ballots: readonly (string | undefined)[],
  labels: readonly string[],
  options: VoteOptions = {},
): Tally {
  const weights = ballotWeights(ballots.length, options.weights);
  const placeOf = new Map(labels.map((label, k) => [label, k]));
  const votes = new Float64Array(labels.length);
  let abstained = 0;
  ballots.forEach((label, i) => {
    if (label === undefined) abstained += weights[i]!;
    else votes[placeIn(placeOf, label, i)]! += weights[i]!;
  });
  return tallyOf(
    labels,
    votes,
    abstained,
    votes.some((each) => each > 0),
  );
}

function placeIn(placeOf: ReadonlyMap<string, number>, label: string, ballot: number): number {
  const place = placeOf.get(label);
  if (place !== undefined) return place;
  const known = [...placeOf.keys()].map((each) => JSON.stringify(each)).join(', ');
  throw badInput(`vote: ballot ${ballot} is for ${JSON.stringify(label)}; the labels are ${known}`);
}
