/**
 * BLEU as sacrebleu computes it: corpus BLEU by `value`, over added counts; sentence BLEU, with its
 * effective order, by `sentenceValue`. The formula is bleuScore.ts, the tokens bleuTokenizers.ts.
 *
 * A match is clipped: an n-gram counts at most as often as in the reference that has it most often.
 * The reference length of an item is that of the reference closest in length, the shorter of two.
 */

import { BLEU_ORDERS, BLEU_STATISTICS, type BleuSmoothing, bleuScore } from './bleuScore.ts';
import { BLEU_TOKENIZERS, type BleuTokenizer } from './bleuTokenizers.ts';
import type { Statistics, TextMetric } from './metric.ts';
import {
  mergedNgrams,
  ngramVocabulary,
  type SortedNgrams,
  sharedCount,
  sortedNgrams,
} from './ngrams.ts';
import { textMetric } from './textMetric.ts';
import { trimEnd } from './whiteSpace.ts';

export interface BleuOptions {
  readonly tokenizer?: BleuTokenizer;
  readonly smoothing?: BleuSmoothing;
  /** Leave out orders that the hypotheses are too short for, in corpus BLEU too. */
  readonly effectiveOrder?: boolean;
  readonly lowercase?: boolean;
}

export function bleu(options: BleuOptions = {}): TextMetric {
  const { smoothing, effectiveOrder = false } = options;
  return textMetric<SortedNgrams>({
    name: 'bleu',
    higherIsBetter: true,
    analyser: () => {
      const vocabulary = ngramVocabulary();
      return (text) => sortedNgrams(tokensOf(text, options), BLEU_ORDERS, vocabulary);
    },
    compare,
    value: (total) => bleuScore(total, smoothing, effectiveOrder),
    sentenceValue: (statistics) => bleuScore(statistics, smoothing, true),
  });
}

function tokensOf(text: string, { tokenizer = '13a', lowercase = false }: BleuOptions): string[] {
  const line = trimEnd(text);
  return BLEU_TOKENIZERS[tokenizer](lowercase ? line.toLowerCase() : line);
}

function compare(hypothesis: SortedNgrams, references: readonly SortedNgrams[]): Statistics {
  const counts = new Float64Array(BLEU_STATISTICS);
  counts[0] = lengthOf(hypothesis);
  counts[1] = closestLength(lengthOf(hypothesis), references.map(lengthOf));
  for (let n = 0; n < BLEU_ORDERS; n++) {
    const allowed = references.map((reference) => reference[n]!).reduce(mergedNgrams);
    counts[2 + n] = sharedCount(hypothesis[n]!, allowed);
    counts[2 + BLEU_ORDERS + n] = hypothesis[n]!.length;
  }
  return counts;
}

function lengthOf(text: SortedNgrams): number {
  return text[0]!.length;
}

function closestLength(length: number, candidates: readonly number[]): number {
  return candidates.reduce((best, each) => {
    const [distance, least] = [Math.abs(each - length), Math.abs(best - length)];
    return distance < least || (distance === least && each < best) ? each : best;
  });
}
