/**
 * Weights of a log-linear pool that minimise the log loss on held-out items,
 *
 *   L(w) = (1/N) sum_n c_n (log sum_y exp(sum_i w_i l_i(y)) - sum_i w_i l_i(y_n)) + ridge/2 |w|^2,
 *
 * with l_i(y) = log max(p_i(y), floor). Convex, of gradient E_p[l_i] - l_i(y_n) and Hessian
 * Cov_p(l_i, l_j): logistic regression whose features are the members' log-probabilities (T. Heskes,
 * "Selecting Weighting Factors in Logarithmic Opinion Pools", NIPS 1997).
 */

import { badInput } from '../../errors.ts';
import { minimizeConvex } from '../../numeric/minimizeConvex.ts';
import type { Domain } from '../../numeric/quadraticStep.ts';
import { type LogLinearFunction, logLinearFunction } from './logLinearLoss.ts';
import { assertTable, type MemberTable } from './memberTable.ts';

/**
 * `simplex`: they sum to 1, the geometric mean. `nonNegative`: their sum sharpens or blunts the pool.
 * `free`: also negative ones, which a pool takes only beside a plausibility.
 */
export type WeightDomain = 'simplex' | 'nonNegative' | 'free';

export interface LogLinearWeightsOptions {
  /** `nonNegative` unless given. */
  readonly domain?: WeightDomain;
  /** The least probability, above 0, so that one veto does not make every loss infinite; 1e-12. */
  readonly floor?: number;
  /** Draws the weights towards 0; 0 unless given. */
  readonly ridge?: number;
  /** Of the conditions of a minimum; 1e-12 unless given. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
}

export interface LogLinearWeights {
  readonly weights: readonly number[];
  /** Mean log loss in nats, without the ridge. */
  readonly loss: number;
  /** Of the conditions of a minimum. */
  readonly residual: number;
  /**
   * False where larger and larger weights lead the loss to 0, because some weights get every item
   * right. The weights are then the first ones found that do; a ridge gives the loss a minimum.
   */
  readonly hasMinimum: boolean;
  readonly iterations: number;
}

const DOMAINS: Readonly<Record<WeightDomain, Domain>> = {
  simplex: { nonNegative: true, fixedSum: true },
  nonNegative: { nonNegative: true, fixedSum: false },
  free: { nonNegative: false, fixedSum: false },
};

/** As the oracles of the field have it: far below any probability that a model means. */
export const DEFAULT_FLOOR = 1e-12;

export function fitLogLinearWeights(
  table: MemberTable,
  options: LogLinearWeightsOptions = {},
): LogLinearWeights {
  assertTable(table);
  const { domain = 'nonNegative', floor = DEFAULT_FLOOR, ridge = 0, ...search } = options;
  assertSettings(floor, ridge);
  const f = logLinearFunction(table, floor, ridge);
  // A sum that is free, without a ridge: scaling weights that get every item right never ends.
  const canBeEndless = domain !== 'simplex' && ridge === 0;
  const { x, residual, iterations } = minimizeConvex(f, startOf(domain, table), DOMAINS[domain], {
    ...search,
    ...(canBeEndless ? { isEndless: f.isSeparating } : {}),
  });
  return {
    weights: [...x],
    loss: lossWithoutRidge(f, x, ridge),
    residual,
    hasMinimum: !(canBeEndless && f.isSeparating(x)),
    iterations,
  };
}

/** From 0, members that make no difference keep the weight 0. */
function startOf(domain: WeightDomain, { members }: MemberTable): Float64Array {
  return new Float64Array(members.length).fill(domain === 'simplex' ? 1 / members.length : 0);
}

function lossWithoutRidge(f: LogLinearFunction, x: Float64Array, ridge: number): number {
  return f.valueAt(x) - (ridge / 2) * x.reduce((sum, w) => sum + w * w, 0);
}

function assertSettings(floor: number, ridge: number): void {
  if (!(floor > 0 && floor < 1))
    throw badInput(`log-linear weights: floor ${floor} is not in (0, 1)`);
  if (ridge >= 0 && ridge < Number.POSITIVE_INFINITY) return;
  throw badInput(`log-linear weights: ridge ${ridge} is not a number from 0 on`);
}
