/**
 * Probabilities by back-off: of the longest n-gram that is listed, and otherwise
 *
 *   p(w | h) = b(h) p(w | h without its first word),
 *
 * b(h) being 1 where h is not listed. Katz, "Estimation of probabilities from sparse data", 1987; with
 * the conventions of KenLM (Heafield, 2011): an unknown word counts as <unk> and stays <unk> in the
 * context; <s> is context only.
 */

import type { NgramModel } from './arpa.ts';
import { contextOf, findNgram } from './section.ts';

/** log10 of the probability of an unknown word in a model without <unk>, as in KenLM. */
export const UNLISTED_LOG10 = -100;

export interface NgramScore {
  /** Base 10. */
  readonly log10: number;
  /** Length of the n-gram that was found. */
  readonly order: number;
}

/** A history as indices: of the last 0, 1, 2... words in their orders, undefined where not listed. */
type Contexts = readonly (number | undefined)[];

/** The contexts that count after these words; an id of -1 is a word that the model does not have. */
export function contextsAfter({ orders }: NgramModel, history: readonly number[]): Contexts {
  const longest = Math.min(history.length, orders.length - 1);
  return Array.from({ length: longest + 1 }, (_, size) => {
    const ids = history.slice(history.length - size);
    return ids.includes(-1) ? undefined : contextOf(orders, ids);
  });
}

function backoffOf({ orders }: NgramModel, contexts: Contexts, size: number): number {
  const context = contexts[size];
  return size === 0 || context === undefined ? 0 : orders[size - 1]!.backoffs[context]!;
}

/** @param word its id, -1 when the model has neither it nor <unk> */
export function scoreWord(model: NgramModel, history: readonly number[], word: number): NgramScore {
  const contexts = contextsAfter(model, history);
  let sum = 0;
  for (let size = contexts.length - 1; size >= 0; size--) {
    const context = contexts[size];
    const found =
      context === undefined || word < 0 ? undefined : findNgram(model.orders[size]!, context, word);
    if (found !== undefined) {
      return { log10: sum + model.orders[size]!.logProbabilities[found]!, order: size + 1 };
    }
    sum += backoffOf(model, contexts, size);
  }
  return { log10: sum + UNLISTED_LOG10, order: 0 };
}

/** Natural logarithms of all words' probabilities after a history, in the order of their ids. */
export function fillDistribution(
  model: NgramModel,
  history: readonly number[],
  begin: number,
  row: Float32Array,
): void {
  const contexts = contextsAfter(model, history);
  const log10 = Float64Array.from(model.orders[0]!.logProbabilities);
  for (let size = 1; size < contexts.length; size++) {
    const context = contexts[size];
    if (context === undefined) continue;
    const backoff = backoffOf(model, contexts, size);
    if (backoff !== 0) for (let word = 0; word < log10.length; word++) log10[word]! += backoff;
    const { starts, words, logProbabilities } = model.orders[size]!;
    for (let i = starts[context]!; i < starts[context + 1]!; i++) {
      log10[words[i]!] = logProbabilities[i]!;
    }
  }
  for (let word = 0; word < log10.length; word++) row[word] = log10[word]! * Math.LN10;
  row[begin] = Number.NEGATIVE_INFINITY;
}
