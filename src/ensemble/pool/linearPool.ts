/**
 * The linear pool: a mixture of the members' distributions,
 *
 *   p = sum_i w_i p_i,     log p = log sum_i exp(log w_i + log p_i)
 *
 * (M. Stone, "The Opinion Pool", Ann. Math. Stat. 32, 1961). Its log loss on an item is at most the
 * weighted mean of the members' (Jensen). Elementwise, so it does not care where rows begin.
 */

import { badInput } from '../../errors.ts';
import { logAddExp } from '../../numeric/logAddExp.ts';
import { assertSameLengths, type Distribution } from './distribution.ts';

/** Elements that are summed in float64 at a time, where more than two members are. */
const TILE = 1024;

/**
 * @param members log-probabilities, of one shape
 * @param weights divided by their sum; a member of weight 0 is not looked at
 * @param out of the members' shape, and none of them. Sums are float64 and rounded once
 */
export function linearPool(
  members: readonly Distribution[],
  weights: readonly number[],
  out: Distribution,
): void {
  linearPoolOfLogWeights(members, logWeightsOf(weights), out);
}

/**
 * The same for weights known by their logarithms and summing to 1, such as those that `bayes.ts`
 * carries along with each row.
 */
export function linearPoolOfLogWeights(
  members: readonly Distribution[],
  logWeights: ArrayLike<number>,
  out: Distribution,
): void {
  assertSameLengths('linear pool', members, logWeights, out);
  const used = [...members.keys()].filter((i) => logWeights[i] !== Number.NEGATIVE_INFINITY);
  const pooled = used.map((i) => members[i]!);
  const shifts = used.map((i) => logWeights[i]!);
  if (pooled.length === 0) throw badInput('linear pool: the weights sum to 0');
  if (pooled.length === 1) shift(pooled[0]!, shifts[0]!, out);
  else if (pooled.length === 2) poolTwo(pooled[0]!, shifts[0]!, pooled[1]!, shifts[1]!, out);
  else poolMany(pooled, shifts, out);
}

/** Logarithms of the weights, divided by their sum. */
export function logWeightsOf(weights: readonly number[]): Float64Array {
  weights.forEach((weight, i) => {
    if (weight >= 0 && weight < Number.POSITIVE_INFINITY) return;
    throw badInput(`linear pool: the weight of member ${i} is ${weight}, not a number from 0 on`);
  });
  // Divided by the largest first, or the sum of huge weights would overflow.
  const largest = Math.max(...weights);
  if (!(largest > 0)) throw badInput(`linear pool: the ${weights.length} weights sum to 0`);
  const total = weights.reduce((sum, weight) => sum + weight / largest, 0);
  return Float64Array.from(weights, (weight) => Math.log(weight / largest / total));
}

function shift(member: Distribution, logWeight: number, out: Distribution): void {
  for (let k = 0; k < out.length; k++) out[k] = member[k]! + logWeight;
}

function poolTwo(
  a: Distribution,
  logWeightA: number,
  b: Distribution,
  logWeightB: number,
  out: Distribution,
): void {
  for (let k = 0; k < out.length; k++) {
    out[k] = logAddExp(a[k]! + logWeightA, b[k]! + logWeightB);
  }
}

function poolMany(
  members: readonly Distribution[],
  logWeights: readonly number[],
  out: Distribution,
): void {
  const sums = new Float64Array(Math.min(TILE, out.length));
  for (let start = 0; start < out.length; start += TILE) {
    const count = Math.min(TILE, out.length - start);
    const [first, ...others] = members;
    for (let k = 0; k < count; k++) sums[k] = first![start + k]! + logWeights[0]!;
    others.forEach((member, i) => {
      addMember(member, start, count, logWeights[i + 1]!, sums);
    });
    for (let k = 0; k < count; k++) out[start + k] = sums[k]!;
  }
}

function addMember(
  member: Distribution,
  start: number,
  count: number,
  logWeight: number,
  sums: Float64Array,
): void {
  for (let k = 0; k < count; k++) sums[k] = logAddExp(sums[k]!, member[start + k]! + logWeight);
}
