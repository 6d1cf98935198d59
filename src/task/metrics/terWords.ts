/**
 * How TER cuts texts into words: at white space, without regard to case. Optionally punctuation is
 * cut off, by the rules of the program Tercom (which resemble those of mteval), or dropped.
 */

import { applyRules, BY_NEIGHBOURS, ENTITIES, type Rules, WESTERN } from './bleuTokenizers.ts';
import { splitWords } from './whiteSpace.ts';

export interface TerWordsOptions {
  readonly caseSensitive?: boolean;
  /** Cut punctuation off. */
  readonly normalised?: boolean;
  readonly dropPunctuation?: boolean;
  /** With the other two: ideographs one by one, and Asian punctuation too. */
  readonly asian?: boolean;
}

const WESTERN_RULES: Rules = [
  [/\n-/g, ''],
  [/\n/g, ' '],
  ...ENTITIES,
  // The rules of neighbours need one at both ends.
  [/^.*$/s, ' $& '],
  ...WESTERN,
  [/'s /g, " 's "],
  [/'s$/g, " 's"],
  ...BY_NEIGHBOURS,
];

const IDEOGRAPHS =
  /[\u4e00-\u9fff\u3400-\u4dbf\u31c0-\u31ef\u2e80-\u2eff\u3300-\u33ff\uf900-\ufaff\ufe30-\ufe4f\u3200-\u3f22]/g;
const ASIAN_PUNCTUATION =
  /[\u3001\u3002\u3008-\u3011\u3014-\u301f\uff61-\uff65\u30fb\uff0e\uff0c\uff1f\uff1a\uff1b\uff01\uff02\uff08\uff09]/g;
const PUNCTUATION = /[.,?:;!"()]/g;

export function terWords(text: string, options: TerWordsOptions = {}): string[] {
  const { caseSensitive = false, normalised = false, dropPunctuation = false } = options;
  const cased = caseSensitive ? text : text.toLowerCase();
  return splitWords(
    applyRules(rulesOf(normalised, dropPunctuation, options.asian ?? false), cased),
  );
}

function rulesOf(normalised: boolean, dropPunctuation: boolean, asian: boolean): Rules {
  const cut: Rules = asian
    ? [...WESTERN_RULES, [IDEOGRAPHS, ' $& '], [ASIAN_PUNCTUATION, ' $& ']]
    : WESTERN_RULES;
  const drop: Rules = asian
    ? [
        [PUNCTUATION, ''],
        [ASIAN_PUNCTUATION, ''],
      ]
    : [[PUNCTUATION, '']];
  return [...(normalised ? cut : []), ...(dropPunctuation ? drop : [])];
}
