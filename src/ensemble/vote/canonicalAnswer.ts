/**
 * One form for free-text answers that mean the same, so that they can be counted together: `The 1,000`,
 * `1000.0` and `$1000.` are all `1000`.
 *
 * Case, width, articles before a word, and punctuation do not count (as in the evaluation of SQuAD, P.
 * Rajpurkar et al., EMNLP 2016), except within numbers, where a comma before three digits and zeros
 * that add nothing are dropped. What is not touched: units, percent signs, spelled-out numbers,
 * decimal commas, and the signs that tell `C++` from `C#`.
 */

/** Where an answer may stand within a longer text. The last one in the text counts. */
export type AnswerMark = 'boxed' | 'answer_is';

export interface AnswerForm {
  /** Tried in this order; the whole text if none is found. None unless given. */
  readonly extract?: readonly AnswerMark[];
}

/** Quotes, brackets, markdown and the marks that end clauses; also their Chinese and Spanish forms. */
const MARK = /[.,;:!?"'`()[\]{}*_\\«»“”‘’„…、。「」『』【】《》¿¡]/u;
const RUN_OF_MARKS = new RegExp(`${MARK.source}+`, 'gu');
const FULL_WIDTH = /[\uff01-\uff5e]/gu;
const NUMBER = /^[$€£¥]?([+-]?)[$€£¥]?(\d{1,3}(?:,\d{3})+|\d*)(?:\.(\d*))?$/;
const ARTICLES: ReadonlySet<string> = new Set(['a', 'an', 'the']);

/** The form to compare by. An answer of punctuation alone is its own form; white space alone is ''. */
export function canonicalAnswer(text: string, { extract = [] }: AnswerForm = {}): string {
  const raw = extractedAnswer(text, extract).trim();
  const words = withoutLatex(raw)
    .normalize('NFC')
    .replace(FULL_WIDTH, (character) => character.normalize('NFKC'))
    .toLowerCase()
    .replaceAll('\u2212', '-')
    .split(/\s+/u)
    .flatMap((word) => canonicalNumber(word) ?? wordsOf(word));
  // An article is one only before a word: `A` may be the answer itself.
  const kept = words.filter((word, i) => !ARTICLES.has(word) || i === words.length - 1);
  return kept.join(' ') || raw;
}

/** What models write in \boxed{}: fractions, thousands, and words within mathematics. */
function withoutLatex(text: string): string {
  return text
    .replace(/\\[dt]?frac\{([^{}]*)\}\{([^{}]*)\}/g, '$1/$2')
    .replace(/\\(?:text|mathrm|mathbf)\{([^{}]*)\}/g, '$1')
    .replaceAll('{,}', ',');
}

/** None if it is punctuation alone. Marks between digits stay, or `1:30` would be `130`. */
function wordsOf(word: string): string[] {
  const bare = word.replace(RUN_OF_MARKS, (run: string, start: number) =>
    isDigit(word[start - 1]) && isDigit(word[start + run.length]) ? run : '',
  );
  return bare === '' ? [] : [bare];
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

/** Without the marks around it, but for a point before digits, which is part of the number. */
function trimmed(word: string): string {
  let start = 0;
  let end = word.length;
  while (start < end && word[start] !== '.' && MARK.test(word[start]!)) start++;
  while (end > start && MARK.test(word[end - 1]!)) end--;
  return word.slice(start, end);
}

/** Digits are compared as text, so that numbers of any length stay exact. */
function canonicalNumber(word: string): string | undefined {
  const match = NUMBER.exec(trimmed(word));
  if (!match) return undefined;
  const [, sign, whole = '', fraction = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const integer = whole.replaceAll(',', '').replace(/^0+(?=\d)/, '') || '0';
  const decimals = fraction.replace(/0+$/, '');
  const magnitude = decimals === '' ? integer : `${integer}.${decimals}`;
  return sign === '-' && magnitude !== '0' ? `-${magnitude}` : magnitude;
}

function extractedAnswer(text: string, marks: readonly AnswerMark[]): string {
  for (const mark of marks) {
    const found = mark === 'boxed' ? boxedAnswer(text) : statedAnswer(text);
    if (found !== undefined && found.trim() !== '') return found;
  }
  return text;
}

/** What the last \boxed{...} holds, braces within it included. */
function boxedAnswer(text: string): string | undefined {
  const start = text.lastIndexOf('\\boxed{');
  if (start < 0) return undefined;
  const inside = start + '\\boxed{'.length;
  let depth = 1;
  for (let i = inside; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}') depth--;
    if (depth === 0) return text.slice(inside, i);
  }
  return undefined;
}

/** From the last `answer is`, `answer:` or `####` to the end of the sentence or line. */
function statedAnswer(text: string): string | undefined {
  const last = [...text.matchAll(/\banswer(?: is|:)|####/giu)].at(-1);
  if (!last) return undefined;
  const [rest = ''] = text
    .slice(last.index + last[0].length)
    .replace(/^[\s:*]+/u, '')
    .split(/[.!?。](?=\s|$)|\n/u);
  return rest;
}
