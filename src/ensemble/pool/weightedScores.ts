/** What the log-linear pool is the softmax of. */

import type { Distribution } from './distribution.ts';

/** scores[k] = sum_i w_i max(log p_i, lowest) over the row that begins at `start`. */
export function weightedScores(
  members: readonly Distribution[],
  weights: readonly number[],
  start: number,
  lowest: number,
  scores: Float64Array,
): void {
  scores.fill(0);
  members.forEach((member, i) => {
    // 0 times the logarithm of 0 would be NaN.
    if (weights[i] !== 0) addScaled(member, weights[i]!, start, lowest, scores);
  });
}

function addScaled(
  member: Distribution,
  weight: number,
  start: number,
  lowest: number,
  scores: Float64Array,
): void {
  for (let k = 0; k < scores.length; k++) {
    scores[k] = scores[k]! + weight * Math.max(member[start + k]!, lowest);
  }
}
