/**
 * Weights of a linear pool that minimise the log loss on held-out items,
 *
 *   L(w) = -(1/N) sum_n c_n log sum_i w_i p_i(y_n),     w >= 0,  sum w = 1,  N = sum_n c_n.
 *
 * L is convex. The usual algorithm is expectation maximisation (F. Jelinek and R. Mercer, 1980), which
 * is slow; this is Newton's method within the simplex, as in Y. Kim et al., "A Fast Algorithm for
 * Maximum Likelihood Estimation of Mixture Proportions Using Sequential Quadratic Programming", 2020.
 *
 * The certificate is C = max_i (1/N) sum_n c_n p_i(y_n) / p_w(y_n). For any other weights v, by Jensen,
 * L(w) - L(v) <= log sum_i v_i (1/N) sum_n c_n p_i(y_n) / p_w(y_n) <= log C; at the optimum C = 1.
 */

import { badInput } from '../../errors.ts';
import type { Expansion } from '../../numeric/minimizeConvex.ts';
import { minimizeConvex } from '../../numeric/minimizeConvex.ts';
import { answerLogProbabilities, assertTable, type MemberTable } from './memberTable.ts';

export interface LinearWeights {
  /** Sum to 1. */
  readonly weights: readonly number[];
  /** Mean log loss in nats, of all items but the impossible ones. */
  readonly loss: number;
  readonly certificate: number;
  /** log C: no weights have a loss that is smaller by more. */
  readonly gapBound: number;
  /** Items whose answer has probability 0 in every member: no weights help them, and the pool's loss
   * on them is infinite. They took no part. */
  readonly impossibleItems: readonly number[];
  readonly iterations: number;
}

export interface LinearWeightsOptions {
  /** The search ends once C <= 1 + tolerance; 1e-12 unless given. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
}

/** Probabilities of the answers of possible items, divided by the largest that any member gives. */
interface Ratios {
  /** [members][items] */
  readonly members: readonly Float64Array[];
  /** Shares of the items, which sum to 1. */
  readonly shares: Float64Array;
  /** What the division adds to the loss. */
  readonly offset: number;
}

export function fitLinearWeights(
  table: MemberTable,
  options: LinearWeightsOptions = {},
): LinearWeights {
  assertTable(table);
  const answers = table.members.map((member) => answerLogProbabilities(member, table));
  const best = answers[0]!.map((_, n) => Math.max(...answers.map((each) => each[n]!)));
  const impossibleItems = [...best.keys()].filter((n) => best[n] === Number.NEGATIVE_INFINITY);
  const ratios = ratiosOf(answers, best, table.counts);
  const start = new Float64Array(answers.length).fill(1 / answers.length);
  const { x, value, gradient, iterations } = minimizeConvex(
    {
      valueAt: (w) => lossOf(ratios, w),
      expansionAt: (w) => expand(ratios, w),
    },
    start,
    { nonNegative: true, fixedSum: true },
    options,
  );
  const certificate = gradient.reduce((most, slope) => Math.max(most, -slope), 0);
  return {
    weights: normalized(x),
    loss: value + ratios.offset,
    certificate,
    gapBound: Math.max(0, Math.log(certificate)),
    impossibleItems,
    iterations,
  };
}

function ratiosOf(
  answers: readonly Float64Array[],
  best: Float64Array,
  counts: Float64Array | undefined,
): Ratios {
  const possible = [...best.keys()].filter(
    (n) => best[n] !== Number.NEGATIVE_INFINITY && counts?.[n] !== 0,
  );
  if (possible.length === 0) {
    throw badInput(`weights: no member finds any of the ${best.length} answers possible`);
  }
  const total = possible.reduce((sum, n) => sum + (counts?.[n] ?? 1), 0);
  const shares = Float64Array.from(possible, (n) => (counts?.[n] ?? 1) / total);
  return {
    members: answers.map((each) =>
      Float64Array.from(possible, (n) => Math.exp(each[n]! - best[n]!)),
    ),
    shares,
    offset: -shares.reduce((sum, share, k) => sum + share * best[possible[k]!]!, 0),
  };
}

function mixtureOf({ members, shares }: Ratios, weights: Float64Array): Float64Array {
  const mixture = new Float64Array(shares.length);
  members.forEach((member, i) => {
    const weight = weights[i]!;
    for (let n = 0; n < mixture.length; n++) mixture[n]! += weight * member[n]!;
  });
  return mixture;
}

function lossOf(ratios: Ratios, weights: Float64Array): number {
  const mixture = mixtureOf(ratios, weights);
  return -ratios.shares.reduce((sum, share, n) => sum + share * Math.log(mixture[n]!), 0);
}

/** Gradient -sum_n s_n r_i / m, Hessian sum_n s_n r_i r_j / m^2 with the shares s and mixtures m. */
function expand(ratios: Ratios, weights: Float64Array): Expansion {
  const { members, shares } = ratios;
  const count = members.length;
  const mixture = mixtureOf(ratios, weights);
  const gradient = new Float64Array(count);
  const hessian = new Float64Array(count * count);
  let value = 0;
  for (let n = 0; n < shares.length; n++) {
    const pull = shares[n]! / mixture[n]!;
    value -= shares[n]! * Math.log(mixture[n]!);
    for (let i = 0; i < count; i++) {
      const share = pull * members[i]![n]!;
      gradient[i]! -= share;
      for (let j = 0; j <= i; j++)
        hessian[i * count + j]! += (share * members[j]![n]!) / mixture[n]!;
    }
  }
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) hessian[j * count + i] = hessian[i * count + j]!;
  }
  return { value, gradient, hessian };
}

function normalized(weights: Float64Array): readonly number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Array.from(weights, (weight) => weight / total);
}
