/**
 * How the next-token distributions of members become one: a pool, and whether the weights follow the
 * text so far.
 *
 *   linear       p = sum_i w_i p_i
 *   log-linear   p ~ prod_i p_i^w_i
 *   bayes        the linear pool, with  w_i(h) ~ w_i p_i(h)^s  for the history h
 */

import type { Distribution } from '../pool/distribution.ts';

/** Of members, as a pool keeps them. */
export type Weights = readonly number[] | Float64Array;

export interface TokenPool {
  /** Flat [rows][size] log-probabilities of each member, into `out` of the same form. */
  readonly pool: (
    members: readonly Distribution[],
    weights: Weights,
    size: number,
    out: Distribution,
  ) => void;
  /** Weights that follow the text, as logarithms: how they begin, and after a token was written. */
  readonly dynamic?: {
    readonly begin: (priors: readonly number[]) => Float64Array;
    /** @param logProbabilities of the token, by each member */
    readonly update: (
      weights: Float64Array,
      logProbabilities: readonly number[],
      priors: readonly number[],
    ) => Float64Array;
  };
  /** Whether the fused probability of a token follows from the members' of that token alone. */
  readonly isElementwise: boolean;
}
