/**
 * The plausible outcomes of contrastive decoding (X. L. Li et al., "Contrastive Decoding: Open-ended
 * Text Generation as Optimization", ACL 2023, equation 4):
 *
 *   V(h) = {y : q(y | h) >= alpha max_z q(z | h)},     everything else gets probability 0.
 *
 * A negative weight rewards what a weak member finds improbable, and without V that is nonsense which
 * no member would say. In the paper q is the expert, the one member of positive weight; with several of
 * them it is here their own log-linear pool with weights that sum to 1, of which one expert is a case.
 */

import { badInput } from '../../errors.ts';
import type { Distribution } from './distribution.ts';
import { weightedScores } from './weightedScores.ts';

/** Sets the scores of a row's implausible outcomes to -Infinity. */
export function keepPlausible(
  members: readonly Distribution[],
  weights: readonly number[],
  start: number,
  lowest: number,
  alpha: number,
  scores: Float64Array,
): void {
  const positive = weights.map((weight) => Math.max(0, weight));
  const total = positive.reduce((sum, weight) => sum + weight, 0);
  const expert = new Float64Array(scores.length);
  weightedScores(
    members,
    positive.map((weight) => weight / total),
    start,
    lowest,
    expert,
  );
  const threshold = expert.reduce((a, b) => Math.max(a, b)) + Math.log(alpha);
  for (let k = 0; k < scores.length; k++) {
    if (expert[k]! < threshold || expert[k] === Number.NEGATIVE_INFINITY) {
      scores[k] = Number.NEGATIVE_INFINITY;
    } else if (scores[k] === Number.POSITIVE_INFINITY) {
      throw badInput(
        `log-linear pool: row ${start / scores.length}: outcome ${k} is plausible and has probability ` +
          '0 in a member of negative weight, so nothing else would be left; give a floor',
      );
    }
  }
}

/** Zero for some, a positive one at least, and negative ones only beside a plausibility. */
export function assertLogLinearWeights(
  weights: readonly number[],
  plausibility: number | undefined,
): void {
  const wrong = weights.findIndex((weight) => !Number.isFinite(weight));
  if (wrong >= 0) {
    throw badInput(`log-linear pool: the weight of member ${wrong} is ${weights[wrong]}`);
  }
  if (!weights.some((weight) => weight > 0)) {
    throw badInput(`log-linear pool: none of the weights ${weights.join(', ')} is positive`);
  }
  const negative = weights.findIndex((weight) => weight < 0);
  if (plausibility === undefined && negative >= 0) {
    throw badInput(
      `log-linear pool: the weight of member ${negative} is ${weights[negative]}; a negative weight ` +
        'needs a plausibility (0.1 is usual), or improbable outcomes win',
    );
  }
  if (plausibility === undefined || (plausibility > 0 && plausibility <= 1)) return;
  throw badInput(`log-linear pool: plausibility ${plausibility} is not in (0, 1]`);
}
