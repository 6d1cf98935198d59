/** Words for messages: near misses of known words, and text and values from files, quoted. */

import { closest, distance } from 'fastest-levenshtein';

/**
 * A typo changes a letter, or two in a longer word (swapped letters count as two); beyond a share of
 * the word a suggestion misleads.
 */
export function nearestWord(
  word: string,
  known: readonly string[],
  share = 0.4,
): string | undefined {
  if (known.length === 0 || word.length > MAX_WORD) return undefined;
  const candidate = closest(word, known);
  const allowed = Math.floor(Math.max(word.length, candidate.length) * share);
  return distance(word, candidate) <= allowed ? candidate : undefined;
}

/** The distance is quadratic in the length. */
const MAX_WORD = 200;

/** Text from a file, quoted for a message: bounded, control characters escaped. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/** What was found, for "expected ..., got ...". */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return `the text ${quoted(value)}`;
  return typeof value === 'object' ? 'a mapping' : `${value}`;
}
