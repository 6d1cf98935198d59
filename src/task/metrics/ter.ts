/**
 * TER, translation edit rate: how much of a text a translator would have to change (Snover et al.,
 * "A Study of Translation Edit Rate with Targeted Human Annotation", AMTA 2006), as sacrebleu and
 * Tercom compute it.
 *
 *     TER = 100 edits / reference words
 *
 * Edits are inserted, deleted and substituted words and moved blocks (terEdits.ts). With several
 * references the edits are those to the nearest one, and the words are the mean over all. 0 is
 * best, and more than 100 is possible. Against an empty reference any text has 100, an empty one 0.
 */

import type { Statistics, TextMetric } from './metric.ts';
import { terEdits } from './terEdits.ts';
import { type TerWordsOptions, terWords } from './terWords.ts';
import { textMetric } from './textMetric.ts';

export function ter(options: TerWordsOptions = {}): TextMetric {
  return textMetric<Uint32Array>({
    name: 'ter',
    higherIsBetter: false,
    analyser: () => {
      const numbers = new Map<string, number>();
      return (text) => Uint32Array.from(terWords(text, options), (word) => numberOf(word, numbers));
    },
    compare,
    value: ([edits = 0, words = 0]) => 100 * (words > 0 ? edits / words : Math.min(1, edits)),
  });
}

function numberOf(word: string, numbers: Map<string, number>): number {
  const known = numbers.get(word);
  if (known !== undefined) return known;
  numbers.set(word, numbers.size);
  return numbers.size - 1;
}

/** Edits, and words of the references. */
function compare(hypothesis: Uint32Array, references: readonly Uint32Array[]): Statistics {
  const edits = references.map((reference) => terEdits(hypothesis, reference));
  const words = references.reduce((sum, reference) => sum + reference.length, 0);
  return Float64Array.of(Math.min(...edits), words / references.length);
}
