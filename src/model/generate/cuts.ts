/**
 * Which tokens a sample may be drawn from: the most probable ones, by one of three measures.
 *
 *   top-k   the k largest                                  (A. Fan et al., arXiv:1805.04833)
 *   top-p   the fewest whose probabilities sum to p        (A. Holtzman et al., arXiv:1904.09751)
 *   min-p   those of at least p times the largest          (M. Nguyen et al., arXiv:2407.01082)
 *
 * Together they apply in this order, each to what the one before has left, as in transformers, with
 * probabilities proportional to exp(row / temperature). Of equal values the lower token comes first.
 * A row may be log-probabilities or logits: adding a constant to it changes no cut.
 */

import { partitionLargest } from './partition.ts';

/** Keeps what is above the threshold, and of what equals it the first `ties` tokens. */
export interface Cut {
  readonly threshold: number;
  readonly ties: number;
}

/** All that is possible at all: bans are -infinity. */
export const NO_CUT: Cut = { threshold: Number.NEGATIVE_INFINITY, ties: 0 };

/** `scratch` has the row's length; the row is left as it is. */
export function topKCut(row: Float32Array, k: number, cut: Cut, scratch: Float32Array): Cut {
  const count = collectAbove(row, cut, Number.NEGATIVE_INFINITY, scratch);
  if (k >= count) return cut;
  return cutAfter(
    scratch,
    partitionLargest(scratch, count, k, () => 1),
  );
}

export function topPCut(
  row: Float32Array,
  p: number,
  temperature: number,
  cut: Cut,
  scratch: Float32Array,
): Cut {
  const largest = largestOf(row);
  const weightOf = (value: number) => Math.exp((value - largest) / temperature);
  const target = p * totalWeight(row, temperature, cut, largest);
  // The largest weighs 1, so all tokens below this floor together weigh less than 1 - p of the total.
  const floor = largest - temperature * Math.log(row.length / (1 - p));
  const count = collectAbove(row, cut, floor, scratch);
  return cutAfter(scratch, partitionLargest(scratch, count, target, weightOf), cut);
}

export function minPCut(row: Float32Array, p: number, temperature: number, cut: Cut): Cut {
  const threshold = largestOf(row) + temperature * Math.log(p);
  return threshold > cut.threshold ? { threshold, ties: Number.POSITIVE_INFINITY } : cut;
}

/** sum over kept tokens of exp((value - largest) / temperature) */
export function totalWeight(
  row: Float32Array,
  temperature: number,
  { threshold, ties }: Cut,
  largest: number,
): number {
  let total = 0;
  let tiesLeft = ties;
  for (let token = 0; token < row.length; token++) {
    const value = row[token]!;
    if (!(value > threshold) && !(value === threshold && tiesLeft-- > 0)) continue;
    total += Math.exp((value - largest) / temperature);
  }
  return total;
}

/** The values that the cut keeps and that reach the floor, put at the front of `scratch`. */
function collectAbove(
  row: Float32Array,
  { threshold, ties }: Cut,
  floor: number,
  scratch: Float32Array,
): number {
  let count = 0;
  let tiesLeft = ties;
  for (let token = 0; token < row.length; token++) {
    const value = row[token]!;
    if (!(value > threshold) && !(value === threshold && tiesLeft-- > 0)) continue;
    if (value >= floor) scratch[count++] = value;
  }
  return count;
}

/** The cut that keeps the `count` values at the front; `otherwise`, if there are none. */
function cutAfter(values: Float32Array, count: number, otherwise = NO_CUT): Cut {
  if (count === 0) return otherwise;
  let threshold = values[0]!;
  for (let i = 1; i < count; i++) threshold = Math.min(threshold, values[i]!);
  let ties = 0;
  for (let i = 0; i < count; i++) if (values[i] === threshold) ties++;
  return { threshold, ties };
}

/** -infinity if no value is a number above it. */
export function largestOf(row: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let token = 0; token < row.length; token++) {
    if (row[token]! > largest) largest = row[token]!;
  }
  return largest;
}
