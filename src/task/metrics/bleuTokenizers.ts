/**
 * How BLEU cuts texts into tokens. Scores by different tokenizers cannot be compared, hence the
 * standard one of M. Post, "A Call for Clarity in Reporting BLEU Scores", WMT 2018: `13a`, that of
 * NIST's script mteval-v13a. `intl` is the international tokenization of mteval-v14; `char` takes
 * every character for a token, and `none` takes the words as they stand.
 */

import { splitWords } from './whiteSpace.ts';

export type BleuTokenizer = '13a' | 'intl' | 'char' | 'none';

/** What to find, and what to write for it, in this order. */
export type Rules = readonly (readonly [pattern: RegExp, replacement: string])[];

/** A name that a text writes for another (`&amp;quot;`) stays: each is replaced once. */
export const ENTITIES: Rules = [
  [/&quot;/g, '"'],
  [/&amp;/g, '&'],
  [/&lt;/g, '<'],
  [/&gt;/g, '>'],
];

/** Every ASCII symbol but apostrophe, comma, hyphen and full stop, and those by their neighbours. */
export const WESTERN: Rules = [[/[{-~[-` -&(-+:-@/]/g, ' $& ']];
export const BY_NEIGHBOURS: Rules = [
  [/([^0-9])([.,])/gu, '$1 $2 '],
  [/([.,])([^0-9])/gu, ' $1 $2'],
  [/([0-9])(-)/g, '$1 $2 '],
];

const MTEVAL_13A: Rules = [
  [/<skipped>/g, ''],
  [/-\n/g, ''],
  [/\n/g, ' '],
  ...ENTITIES,
  // The rules of neighbours need one at both ends.
  [/^.*$/s, ' $& '],
  ...WESTERN,
  ...BY_NEIGHBOURS,
];

/** Punctuation is cut off unless it stands between digits; symbols always are. */
const MTEVAL_14: Rules = [
  [/(\P{N})(\p{P})/gu, '$1 $2 '],
  [/(\p{P})(\P{N})/gu, ' $1 $2'],
  [/\p{S}/gu, ' $& '],
];

export const BLEU_TOKENIZERS: Readonly<Record<BleuTokenizer, (text: string) => string[]>> = {
  '13a': (text) => splitWords(applyRules(MTEVAL_13A, text)),
  intl: (text) => splitWords(applyRules(MTEVAL_14, text)),
  char: (text) => splitWords([...text].join(' ')),
  none: splitWords,
};

export function applyRules(rules: Rules, text: string): string {
  return rules.reduce((result, [pattern, by]) => result.replace(pattern, by), text);
}
