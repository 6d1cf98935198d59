/**
 * The log-linear pool: a product of experts, row by row,
 *
 *   log p(y) = sum_i w_i log p_i(y) - log Z,     Z = sum_y exp(sum_i w_i log p_i(y))
 *
 * (G. Hinton, Neural Computation 14, 2002). Weights are taken as written: with a sum of 1 it is the
 * geometric mean, with a larger one it is sharper. A member of positive weight that gives an outcome 0
 * vetoes it. Negative weights need a plausibility: plausible.ts says why.
 */

import { badInput } from '../../errors.ts';
import { logSumExp } from '../../numeric/logSumExp.ts';
import { assertSameLengths, type Distribution } from './distribution.ts';
import { assertLogLinearWeights, keepPlausible } from './plausible.ts';
import { weightedScores } from './weightedScores.ts';

export interface LogLinearOptions {
  /** False leaves out log Z, as Marian's ensembles do; the result is then no distribution. */
  readonly normalized?: boolean;
  /** alpha of the plausible outcomes, in (0, 1]; needed where a weight is negative. */
  readonly plausibility?: number;
  /** Smaller probabilities are taken as this one, so that no member can veto; 0 unless given. */
  readonly floor?: number;
}

/**
 * @param members log-probabilities, each [rows][size]
 * @param size of a row
 * @param out [rows][size], none of the members. Sums are float64 and rounded once
 */
export function logLinearPool(
  members: readonly Distribution[],
  weights: readonly number[],
  size: number,
  out: Distribution,
  { normalized = true, plausibility, floor = 0 }: LogLinearOptions = {},
): void {
  assertSameLengths('log-linear pool', members, weights, out);
  assertLogLinearWeights(weights, plausibility);
  assertRows(out.length, size, floor);
  const lowest = Math.log(floor);
  const scores = new Float64Array(size);
  for (let start = 0; start < out.length; start += size) {
    weightedScores(members, weights, start, lowest, scores);
    if (plausibility !== undefined) {
      keepPlausible(members, weights, start, lowest, plausibility, scores);
    }
    const logTotal = logSumExp(scores);
    assertSomethingIsLeft(logTotal, start / size);
    const shift = normalized ? logTotal : 0;
    for (let k = 0; k < size; k++) out[start + k] = scores[k]! - shift;
  }
}

function assertRows(length: number, size: number, floor: number): void {
  if (!(size > 0) || length % size !== 0) {
    throw badInput(`log-linear pool: ${length} log-probabilities are no rows of ${size}`);
  }
  if (!(floor >= 0 && floor < 1))
    throw badInput(`log-linear pool: floor ${floor} is not in [0, 1)`);
}

function assertSomethingIsLeft(logTotal: number, row: number): void {
  if (Number.isFinite(logTotal)) return;
  const reason = Number.isNaN(logTotal)
    ? 'a log-probability is NaN'
    : 'every outcome is vetoed, having probability 0 in some member';
  throw badInput(`log-linear pool: row ${row}: ${reason}`);
}
