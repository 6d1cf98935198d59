/**
 * Minimum Bayes risk decoding: the candidate that is, on average, nearest to all of them.
 *
 *     h* = argmax over h of  E(h),    E(h) = sum_r w_r U(h, r) / sum_r w_r
 *
 * S. Kumar and W. Byrne, "Minimum Bayes-Risk Decoding for Statistical Machine Translation", HLT-NAACL
 * 2004; with samples, B. Eikema and W. Aziz, "Sampling-Based Approximations to Minimum Bayes Risk
 * Decoding", EMNLP 2022. U is the sentence value of a metric of texts, negated where lower is better;
 * h is the hypothesis, r the reference, and most metrics tell the two apart. With exact match as U it
 * is a weighted plurality vote.
 *
 * Duplicates are weight: a text that stands twice counts twice as a reference, and is compared once.
 *
 * A candidate is also its own reference (`countSelf`), which favours candidates of great weight. If
 * not, r = h is left out by position, so that an equal text elsewhere still counts; only a candidate
 * that holds all the weight is compared with itself then, having nothing else to be compared with.
 */

import { badInput } from '../../errors.ts';
import type { TextMetric } from '../../task/metrics/metric.ts';
import { sentenceValues } from '../../task/metrics/textMetric.ts';
import type { ItemCandidates } from './candidate.ts';
import { type ReferenceWeighting, referenceWeights } from './referenceWeights.ts';

export interface MbrSettings extends ReferenceWeighting {
  readonly utility: TextMetric;
  /** True unless said otherwise. */
  readonly countSelf?: boolean;
}

export interface MbrDecision {
  /** Place of the chosen candidate; of equals the first. */
  readonly choice: number;
  /** E of every candidate: on the scale of the metric, negated where lower is better. */
  readonly expectedUtilities: Float64Array;
  /** Of every candidate as a reference; they sum to 1. */
  readonly weights: Float64Array;
}

export function decideByMbr(candidates: ItemCandidates, settings: MbrSettings): MbrDecision {
  if (candidates.length === 0) throw badInput('candidates: an item has none to choose from');
  const { utility, countSelf = true } = settings;
  const weights = referenceWeights(candidates, settings);
  const texts = candidates.map(({ text }) => text);
  const expected = expectedUtilities(texts, weights, utility, countSelf);
  return { choice: firstLargest(expected), expectedUtilities: expected, weights };
}

/**
 * E of every text.
 *
 * @param weights of each as a reference: from 0, of any sum above 0
 */
export function expectedUtilities(
  texts: readonly string[],
  weights: ArrayLike<number>,
  utility: TextMetric,
  countSelf: boolean,
): Float64Array {
  const distinct = [...new Set(texts)];
  const numberOf = new Map(distinct.map((text, i) => [text, i]));
  const numbers = Uint32Array.from(texts, (text) => numberOf.get(text)!);
  const values = sentenceValues(utility, distinct, distinct);
  return Float64Array.from(numbers, (number, h) => {
    const row = values.subarray(number * distinct.length, (number + 1) * distinct.length);
    const others = countSelf ? Number.NaN : meanExcept(h, row, numbers, weights);
    const mean = Number.isNaN(others) ? meanExcept(undefined, row, numbers, weights) : others;
    return utility.higherIsBetter ? mean : 0 - mean;
  });
}

/** sum_r w_r values[number of r] / sum_r w_r over all places but one; NaN if they weigh nothing. */
function meanExcept(
  place: number | undefined,
  values: Float64Array,
  numbers: Uint32Array,
  weights: ArrayLike<number>,
): number {
  let [sum, total] = [0, 0];
  for (let r = 0; r < numbers.length; r++) {
    if (r === place) continue;
    sum += weights[r]! * values[numbers[r]!]!;
    total += weights[r]!;
  }
  return sum / total;
}

/** What rounding may part: sums of the same terms in another order. */
const TIE = 1e-9;

function firstLargest(values: Float64Array): number {
  const largest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return values.findIndex((value) => value >= largest - TIE);
}
