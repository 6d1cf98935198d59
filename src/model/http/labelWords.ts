/** Labels told by the words of an answer. Pure: asks no model. */

import { badInput } from '../../errors.ts';
import { logSumExp } from '../../numeric/logSumExp.ts';
import type { TokenAlternative } from './tokenLogProbabilities.ts';

export interface LabelWords {
  readonly label: string;
  /** In their plain form. */
  readonly words: readonly string[];
}

/** Refuses what would leave a text without a label, or with two. */
export function parseLabelWords(
  labels: Readonly<Record<string, readonly string[]>>,
  name: string,
): LabelWords[] {
  const owners = new Map<string, string>();
  const parsed = Object.entries(labels).map(([label, words]) => ({
    label,
    words: words.map(plain),
  }));
  if (parsed.length < 2) throw badInput(`model "${name}": has ${parsed.length} labels, not two`);
  for (const { label, words } of parsed) {
    if (words.length === 0) throw badInput(`model "${name}": label "${label}" has no words`);
    for (const word of words) {
      if (word === '') throw badInput(`model "${name}": label "${label}" has an empty word`);
      const owner = owners.get(word) ?? label;
      if (owner !== label) {
        throw badInput(
          `model "${name}": labels "${owner}" and "${label}" share the word "${word}"`,
        );
      }
      owners.set(word, label);
    }
  }
  return parsed;
}

/**
 * Over the labels, by the tokens that are whole words of them; undefined when there is none. A token
 * that only begins a word might begin another, so it counts for neither.
 */
export function labelDistribution(
  tokens: readonly TokenAlternative[],
  labels: readonly LabelWords[],
): Float64Array | undefined {
  const masses = labels.map(({ words }) =>
    logSumExp(
      tokens
        .filter(({ text }) => words.includes(plain(text)))
        .map(({ logProbability }) => logProbability),
    ),
  );
  const total = logSumExp(masses);
  return total === Number.NEGATIVE_INFINITY
    ? undefined
    : Float64Array.from(masses, (mass) => mass - total);
}

/** The label with the longest word that the answer begins with. */
export function answeredLabel(answer: string, labels: readonly LabelWords[]): string | undefined {
  const said = plain(answer);
  return labels
    .flatMap(({ label, words }) => words.map((word) => ({ label, word })))
    .filter(({ word }) => said.startsWith(word))
    .toSorted((a, b) => b.word.length - a.word.length)[0]?.label;
}

export function certainOf(label: string, labels: readonly LabelWords[]): Float64Array {
  return Float64Array.from(labels, (each) => (each.label === label ? 0 : Number.NEGATIVE_INFINITY));
}

/** Some servers write the space before a token as the vocabularies of BPE and SentencePiece do. */
function plain(text: string): string {
  return text
    .replace(/^[\u0120\u2581]+/, '')
    .trim()
    .toLowerCase();
}
