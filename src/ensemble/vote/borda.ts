/**
 * Borda's count (J.-C. de Borda, 1781): on each ballot a label gets a point for every label below it,
 * and half a point for every other label that is alike, so that each ballot hands out the same sum. The
 * label of most points wins.
 */

import type { VoteOptions } from './plurality.ts';
import { countBallots, type RankedBallot } from './ranking.ts';
import { type Tally, tallyOf } from './tally.ts';

/** @param labels ties go to the first of them */
export function borda(
  ballots: readonly RankedBallot[],
  labels: readonly string[],
  options: VoteOptions = {},
): Tally {
  const points = new Float64Array(labels.length);
  const { abstained, anybodyVoted } = countBallots(
    ballots,
    labels.length,
    options.weights,
    (ballot, weight) => addPoints(ballot, weight, points),
  );
  return tallyOf(labels, points, abstained, anybodyVoted);
}

function addPoints(ballot: ArrayLike<number>, weight: number, points: Float64Array): void {
  for (let k = 0; k < points.length; k++) {
    for (let other = 0; other < points.length; other++) {
      if (other === k) continue;
      if (ballot[k]! > ballot[other]!) points[k]! += weight;
      else if (ballot[k] === ballot[other]) points[k]! += weight / 2;
    }
  }
}
