/**
 * Which tokens a sample may be drawn from: the most probable ones, by one of three measures.
 *
 *   top-k   the k largest                                  (A. Fan et al., arXiv:1805.04833)
 *   top-p   the fewest whose weights sum to p of all       (A. Holtzman et al., arXiv:1904.09751)
 *   min-p   those of at least p times the largest          (M. Nguyen et al., arXiv:2407.01082)
 *
 * Together they apply in this order, each to what the one before has left, as in transformers. A weight
 * is proportional to the probability after temperature:  exp((row - max row) / temperature).  So a row
 * of logits and one of log-probabilities give the same weights. Of equal weights the lower token
 * comes first.
 */

import { partitionLargest } from './partition.ts';

/** Keeps what is above the threshold, and of what equals it the first `ties` tokens. */
export interface Cut {
  readonly threshold: number;
  readonly ties: number;
}

/** All that weighs anything, of weights; what is banned weighs nothing. */
export const NO_CUT: Cut = { threshold: 0, ties: 0 };

/** A cut of the row itself, so that only what it keeps needs a weight. */
export function topKCut(row: Float32Array, k: number, scratch: Float64Array): Cut {
  let count = 0;
  for (let token = 0; token < row.length; token++) {
    const value = row[token]!;
    if (value > Number.NEGATIVE_INFINITY) scratch[count++] = value;
  }
  return k < count ? cutAfter(scratch, partitionLargest(scratch, count, k, one)) : WHOLE_ROW;
}

/** Of a row: all that is possible at all. */
export const WHOLE_ROW: Cut = { threshold: Number.NEGATIVE_INFINITY, ties: 0 };

/** What the cut of the row leaves out weighs 0. */
export function weightsInto(
  weights: Float64Array,
  row: Float32Array,
  temperature: number,
  { threshold, ties }: Cut,
): void {
  const largest = largestOf(row);
  let tiesLeft = ties;
  for (let token = 0; token < row.length; token++) {
    const value = row[token]!;
    const isKept = value > threshold || (value === threshold && tiesLeft-- > 0);
    weights[token] = isKept ? Math.exp((value - largest) / temperature) : 0;
  }
}

function largestOf(row: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let token = 0; token < row.length; token++) {
    const value = row[token]!;
    if (value > largest) largest = value;
  }
  return largest;
}

/** `scratch` is as long as the weights, which are left as they are. */
export function topPCut(weights: Float64Array, p: number, scratch: Float64Array): Cut {
  const total = totalWeight(weights, NO_CUT);
  // All that is below this floor together weighs less than 1 - p of the total.
  const floor = ((1 - p) * total) / weights.length;
  let count = 0;
  for (let token = 0; token < weights.length; token++) {
    const weight = weights[token]!;
    if (weight > 0 && weight >= floor) scratch[count++] = weight;
  }
  const needed = partitionLargest(scratch, count, p * total, itself);
  return needed === 0 ? NO_CUT : cutAfter(scratch, needed);
}

/** The largest weight is 1. */
export function minPCut(p: number, cut: Cut): Cut {
  return p > cut.threshold ? { threshold: p, ties: Number.POSITIVE_INFINITY } : cut;
}

export function totalWeight(weights: Float64Array, { threshold, ties }: Cut): number {
  let total = 0;
  let tiesLeft = ties;
  for (let token = 0; token < weights.length; token++) {
    const weight = weights[token]!;
    if (weight > threshold || (weight === threshold && tiesLeft-- > 0)) total += weight;
  }
  return total;
}

/** The token where the distribution function passes `uniform`, in [0, 1); -1 if none is kept. */
export function tokenAt(weights: Float64Array, { threshold, ties }: Cut, uniform: number): number {
  const target = uniform * totalWeight(weights, { threshold, ties });
  let tiesLeft = ties;
  let total = 0;
  let last = -1;
  for (let token = 0; token < weights.length; token++) {
    const weight = weights[token]!;
    if (!(weight > threshold) && !(weight === threshold && tiesLeft-- > 0)) continue;
    last = token;
    total += weight;
    if (total > target) return token;
  }
  // Where rounding made the target as large as the total.
  return last;
}

/** The cut that keeps the `count` values at the front. */
function cutAfter(values: Float64Array, count: number): Cut {
  let threshold = values[0]!;
  for (let i = 1; i < count; i++) threshold = Math.min(threshold, values[i]!);
  let ties = 0;
  for (let i = 0; i < count; i++) if (values[i] === threshold) ties++;
  return { threshold, ties };
}

function one(): number {
  return 1;
}

function itself(weight: number): number {
  return weight;
}
