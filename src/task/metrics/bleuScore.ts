/**
 * BLEU from its counts (K. Papineni, S. Roukos, T. Ward and W.-J. Zhu, "BLEU: a Method for Automatic
 * Evaluation of Machine Translation", ACL 2002), with the smoothings of B. Chen and C. Cherry, "A
 * Systematic Comparison of Smoothing Techniques for Sentence-Level BLEU", WMT 2014.
 *
 *     BLEU = 100 BP exp(mean over n = 1..4 of ln p_n),   p_n = matched n-grams / n-grams
 *     BP = 1 if c >= r, else exp(1 - r / c)              c, r = lengths of hypotheses and references
 *
 * No n-gram of any order matched: 0, however smoothed. An order of which the hypotheses have no
 * n-gram at all has precision 0, and so has the score, unless the order is effective: then the mean
 * is over the orders that there are. Identical texts have 100 exactly.
 */

import type { Statistics } from './metric.ts';

export const BLEU_ORDERS = 4;

/**
 * What replaces a precision of 0. `exp`: 1/2, 1/4, 1/8 ... of a match, halved at each order that
 * needs it; `floor`: `value` of a match (0.1); `add-k`: `value` more of both counts, in every order
 * but the first (1); `none`: nothing does.
 */
export interface BleuSmoothing {
  readonly method: 'exp' | 'floor' | 'add-k' | 'none';
  readonly value?: number;
}

export interface BleuScore {
  readonly score: number;
  /** By order, smoothed, from 0 to 100. */
  readonly precisions: readonly number[];
  readonly brevityPenalty: number;
  readonly hypothesisLength: number;
  readonly referenceLength: number;
  readonly matches: readonly number[];
  readonly ngrams: readonly number[];
}

/** Length of hypothesis and reference, then matches and n-grams by order. */
export function bleuScore(
  total: Statistics,
  smoothing: BleuSmoothing = { method: 'exp' },
  effectiveOrder = false,
): BleuScore {
  const [hypothesisLength = 0, referenceLength = 0, ...counts] = total;
  const matches = counts.slice(0, BLEU_ORDERS);
  const ngrams = counts.slice(BLEU_ORDERS);
  const precisions = smoothedPrecisions(matches, ngrams, smoothing);
  const brevityPenalty = penalty(hypothesisLength, referenceLength);
  const orders = effectiveOrder ? Math.max(1, precisions.length) : BLEU_ORDERS;
  const logs = precisions.reduce((sum, precision) => sum + Math.log(precision), 0);
  const isZero = precisions.length < orders;
  return {
    score: isZero ? 0 : 100 * brevityPenalty * Math.exp(logs / orders),
    precisions: Array.from({ length: BLEU_ORDERS }, (_, n) => 100 * (precisions[n] ?? 0)),
    ...{ brevityPenalty, hypothesisLength, referenceLength, matches, ngrams },
  };
}

function penalty(hypothesisLength: number, referenceLength: number): number {
  if (hypothesisLength >= referenceLength) return 1;
  return Math.exp(1 - referenceLength / hypothesisLength);
}

/** From 0 to 1, up to the last order that has any; none where nothing matches. */
function smoothedPrecisions(
  matches: readonly number[],
  ngrams: readonly number[],
  { method, value }: BleuSmoothing,
): number[] {
  if (matches.every((count) => count === 0)) return [];
  const precisions: number[] = [];
  let share = 1;
  for (let n = 0; n < BLEU_ORDERS; n++) {
    const added = method === 'add-k' && n > 0 ? (value ?? 1) : 0;
    const matched = matches[n]! + added;
    const all = ngrams[n]! + added;
    if (all === 0) break;
    if (matched === 0 && method === 'exp') share /= 2;
    precisions.push((matched === 0 ? stand(method, share, value) : matched) / all);
  }
  return precisions;
}

/** How much of a match stands for none. */
function stand(method: BleuSmoothing['method'], share: number, value = 0.1): number {
  if (method === 'exp') return share;
  return method === 'floor' ? value : 0;
}
