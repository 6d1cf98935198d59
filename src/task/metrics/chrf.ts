/**
 * chrF and chrF++: an F-score over character n-grams, and over word n-grams too (M. Popović, "chrF:
 * character n-gram F-score for automatic MT evaluation", WMT 2015, and "chrF++: words helping
 * character n-grams", WMT 2017). No tokenizer is needed, and word forms that nearly fit count.
 *
 *     chrF = 100 (1 + b^2) P R / (b^2 P + R),   b = 2
 *
 * P and R are the means of the orders' precisions and recalls, 1 to 6 characters and for chrF++ 1 and
 * 2 words; an order of which either side has no n-gram is left out. White space is dropped before
 * characters are counted. Of several references the one with the best score counts, the first of
 * equals. Empty texts have 0, against each other too.
 */

import type { Statistics, TextMetric } from './metric.ts';
import { ngramVocabulary, type SortedNgrams, sharedCount, sortedNgrams } from './ngrams.ts';
import { textMetric } from './textMetric.ts';
import { splitWords } from './whiteSpace.ts';

export interface ChrfOptions {
  /** 0 for chrF, 2 for chrF++. */
  readonly wordOrder?: number;
  readonly charOrder?: number;
  readonly beta?: number;
  readonly lowercase?: boolean;
  /** Count white space as characters. */
  readonly whiteSpace?: boolean;
  /** Take the mean of the orders' F-scores, those without n-grams included, as chrF++.py does. */
  readonly meanOfScores?: boolean;
}

/** What stands for 0 in the mean of scores. */
const SMALLEST = 1e-16;

/** Per order: n-grams of the hypothesis, of the reference, of both. */
const PER_ORDER = 3;

export function chrf(options: ChrfOptions = {}): TextMetric {
  const { beta = 2, meanOfScores = false } = options;
  const score = meanOfScores ? meanOfOrderScores : scoreOfOrderMeans;
  const value = (total: Statistics) => 100 * score(total, beta * beta);
  return textMetric<SortedNgrams>({
    name: (options.wordOrder ?? 0) > 0 ? 'chrf++' : 'chrf',
    higherIsBetter: true,
    analyser: () => analyser(options),
    compare: (hypothesis, references) => {
      let best = compare(hypothesis, references[0]!);
      for (const reference of references.slice(1)) {
        const other = compare(hypothesis, reference);
        if (value(other) > value(best)) best = other;
      }
      return best;
    },
    value,
  });
}

function analyser(options: ChrfOptions): (text: string) => SortedNgrams {
  const { wordOrder = 0, charOrder = 6, lowercase = false, whiteSpace = false } = options;
  // A character may also be a word, and the two are different n-grams.
  const [ofCharacters, ofWords] = [ngramVocabulary(), ngramVocabulary()];
  return (text) => {
    const cased = lowercase ? text.toLowerCase() : text;
    const words = splitWords(cased);
    const characters = [...(whiteSpace ? cased : words.join(''))];
    const ngrams = sortedNgrams(characters, charOrder, ofCharacters);
    if (wordOrder === 0) return ngrams;
    return [...ngrams, ...sortedNgrams(words.flatMap(cutPunctuation), wordOrder, ofWords)];
  };
}

const LAST_MARK = /^(.+)([!-/:-@[-`{-~])$/s;
const FIRST_MARK = /^([!-/:-@[-`{-~])(.+)$/s;

/** One mark is cut off, the last if there is one, else the first. */
function cutPunctuation(word: string): string[] {
  return (LAST_MARK.exec(word) ?? FIRST_MARK.exec(word))?.slice(1) ?? [word];
}

function compare(hypothesis: SortedNgrams, reference: SortedNgrams): Statistics {
  const counts = new Float64Array(hypothesis.length * PER_ORDER);
  hypothesis.forEach((own, order) => {
    const theirs = reference[order]!;
    // Where the reference has no n-gram of an order, those of the hypothesis do not count as wrong.
    counts[order * PER_ORDER] = theirs.length > 0 ? own.length : 0;
    counts[order * PER_ORDER + 1] = theirs.length;
    counts[order * PER_ORDER + 2] = sharedCount(own, theirs);
  });
  return counts;
}

function scoreOfOrderMeans(total: Statistics, weight: number): number {
  let [precisions, recalls, orders] = [0, 0, 0];
  for (let i = 0; i < total.length; i += PER_ORDER) {
    const [own, theirs, shared] = [total[i]!, total[i + 1]!, total[i + 2]!];
    if (own === 0 || theirs === 0) continue;
    precisions += shared / own;
    recalls += shared / theirs;
    orders++;
  }
  return precisions + recalls === 0 ? 0 : fScore(precisions / orders, recalls / orders, weight);
}

function meanOfOrderScores(total: Statistics, weight: number): number {
  let scores = 0;
  for (let i = 0; i < total.length; i += PER_ORDER) {
    const [own, theirs, shared] = [total[i]!, total[i + 1]!, total[i + 2]!];
    const precision = own > 0 ? shared / own : SMALLEST;
    const recall = theirs > 0 ? shared / theirs : SMALLEST;
    scores += precision + recall > 0 ? fScore(precision, recall, weight) : SMALLEST;
  }
  return scores / (total.length / PER_ORDER);
}

function fScore(precision: number, recall: number, weight: number): number {
  return ((1 + weight) * precision * recall) / (weight * precision + recall);
}
