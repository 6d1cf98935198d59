/**
 * How the next-token distributions of members become one: a pool, and whether the weights follow the
 * text so far.
 *
 *   linear       p = sum_i w_i p_i
 *   log-linear   p ~ prod_i p_i^w_i
 *   bayes        the linear pool, with  w_i(h) ~ w_i p_i(h)^s  for the history h
 */

/** Flat [rows][size] log-probabilities of each member, into `out` of the same form. */
export type RowPool = (
  members: readonly Float32Array[],
  weights: readonly number[],
  size: number,
  out: Float32Array,
) => void;

export interface TokenPool {
  readonly pool: RowPool;
  /** The weights of a row once a token is written, given each member's log-probability of it. */
  readonly update?: (
    weights: readonly number[],
    logProbabilities: readonly number[],
    priors: readonly number[],
  ) => readonly number[];
  /**
   * The fused log-probability of one token from the members' of that token alone, where the pool
   * allows that.
   */
  readonly ofToken?: (logProbabilities: readonly number[], weights: readonly number[]) => number;
}
