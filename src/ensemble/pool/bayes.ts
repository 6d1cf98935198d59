/**
 * Dynamic Bayes weights: after a history h, a member counts by its prior and by how well it foresaw h,
 *
 *   w_i(h) = w_i p_i(h)^s / sum_j w_j p_j(h)^s.
 *
 * A linear pool with s = 1 and the whole history is the mixture of sequences: the product over tokens
 * of sum_i w_i(h) p_i(y | h) equals sum_i w_i p_i(sequence). With s = 0 the weights stay the priors.
 * (Bayesian model averaging: J. Hoeting et al., Statistical Science 14, 1999.) Weights are logarithms,
 * one list per row, since every row of a search has a history of its own.
 */

import { badInput } from '../../errors.ts';
import { logSumExp } from '../../numeric/logSumExp.ts';

/**
 * The weights once another token is chosen. If no member of any weight can have said the token, nothing
 * is known of the members any more, and the priors are returned.
 *
 * @param logWeights of the members before, as `logWeightsOf` makes them of the priors
 * @param logProbabilities of the chosen token, by each member
 * @param strength s, from 0 on
 */
export function updatedLogWeights(
  logWeights: Float64Array,
  logProbabilities: ArrayLike<number>,
  logPriors: Float64Array,
  strength: number,
): Float64Array {
  if (!(strength >= 0 && strength < Number.POSITIVE_INFINITY)) {
    throw badInput(`Bayes weights: strength ${strength} is not a number from 0 on`);
  }
  // 0 times the logarithm of 0 would be NaN, where p^0 is 1.
  if (strength === 0) return logWeights.slice();
  const updated = logWeights.map((weight, i) => weight + strength * logProbabilities[i]!);
  const logTotal = logSumExp(updated);
  if (logTotal === Number.NEGATIVE_INFINITY) return logPriors.slice();
  return updated.map((weight) => weight - logTotal);
}
