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

export interface BleuParts {
  /** By order, smoothed, from 0 to 100. */
  readonly precisions: readonly number[];
  readonly brevityPenalty: number;
  readonly hypothesisLength: number;
  readonly referenceLength: number;
  readonly matches: readonly number[];
  readonly ngrams: readonly number[];
}

/** Statistics: length of hypothesis and of reference, then matches and n-grams by order. */
const MATCHES = 2;
const NGRAMS = MATCHES + BLEU_ORDERS;
export const BLEU_STATISTICS = NGRAMS + BLEU_ORDERS;

const EXP: BleuSmoothing = { method: 'exp' };

export function bleuScore(
  total: Statistics,
  smoothing: BleuSmoothing = EXP,
  effectiveOrder = false,
): number {
  const precisions = smoothedPrecisions(total, smoothing);
  const orders = effectiveOrder ? Math.max(1, precisions.length) : BLEU_ORDERS;
  if (precisions.length < orders) return 0;
  let logs = 0;
  for (const precision of precisions) logs += Math.log(precision);
  return 100 * brevityPenalty(total) * Math.exp(logs / orders);
}

/** What a report says beside the score. */
export function bleuParts(total: Statistics, smoothing: BleuSmoothing = EXP): BleuParts {
  const precisions = smoothedPrecisions(total, smoothing);
  return {
    precisions: Array.from({ length: BLEU_ORDERS }, (_, n) => 100 * (precisions[n] ?? 0)),
    brevityPenalty: brevityPenalty(total),
    hypothesisLength: total[0]!,
    referenceLength: total[1]!,
    matches: [...total.subarray(MATCHES, NGRAMS)],
    ngrams: [...total.subarray(NGRAMS)],
  };
}

function brevityPenalty(total: Statistics): number {
  const [hypothesisLength, referenceLength] = [total[0]!, total[1]!];
  if (hypothesisLength >= referenceLength) return 1;
  return Math.exp(1 - referenceLength / hypothesisLength);
}

/** From 0 to 1, up to the last order that has any; none where nothing matches. */
function smoothedPrecisions(total: Statistics, { method, value }: BleuSmoothing): number[] {
  const precisions: number[] = [];
  let [share, found] = [1, 0];
  for (let n = 0; n < BLEU_ORDERS; n++) {
    const added = method === 'add-k' && n > 0 ? (value ?? 1) : 0;
    const matched = total[MATCHES + n]! + added;
    const all = total[NGRAMS + n]! + added;
    if (all === 0) break;
    if (matched === 0 && method === 'exp') share /= 2;
    precisions.push((matched === 0 ? standIn(method, share, value) : matched) / all);
    found += total[MATCHES + n]!;
  }
  return found === 0 ? [] : precisions;
}

/** How much of a match stands for none. */
function standIn(method: BleuSmoothing['method'], share: number, value = 0.1): number {
  if (method === 'exp') return share;
  return method === 'floor' ? value : 0;
}
