/**
 * Tokens as they are written, with their log-probabilities and the text that each adds. What a token
 * adds depends on those before it: a decoder may drop the first space of a text, and a character may
 * have several tokens, which then have no text of their own.
 */

import type { TokenEvent } from '../model/generate/rowSearch.ts';
import type { Tokenizer } from '../model/tokenizer.ts';

export interface TokenText {
  readonly text: string;
  /** UTF-8; undefined for a part of a character. */
  readonly bytes: Uint8Array | undefined;
  readonly logProbability: number;
}

export interface LoggedToken extends TokenText {
  /** UTF-16 units of the text before it. */
  readonly offset: number;
  readonly alternatives: readonly TokenText[];
}

export interface TokenLog {
  readonly push: (event: TokenEvent) => void;
  /** The tokens, not given before, that begin within the first `length` units of the text. */
  readonly take: (length: number) => LoggedToken[];
}

/** Tokens before that a decoder may look at. */
const CONTEXT = 16;

export function createTokenLog(tokenizer: Tokenizer): TokenLog {
  const before: number[] = [];
  let pending: LoggedToken[] = [];
  let length = 0;
  return {
    push({ token, logProbability, alternatives }) {
      const context = before.slice(-CONTEXT);
      const added = addedText(tokenizer, context, token);
      const read = (each: { readonly token: number; readonly logProbability: number }) =>
        tokenText(tokenizer, context, each.token, each.logProbability);
      const logged = { ...read({ token, logProbability }), alternatives: alternatives.map(read) };
      pending.push({ ...logged, offset: length });
      length += added.text.replace(BROKEN_END, '').length;
      before.push(token);
    },
    take(end) {
      const first = pending.findIndex(({ offset }) => offset >= end);
      const taken = first < 0 ? pending : pending.slice(0, first);
      pending = first < 0 ? [] : pending.slice(first);
      return taken;
    },
  };
}

const BROKEN_END = /\uFFFD+$/;

function tokenText(
  tokenizer: Tokenizer,
  context: readonly number[],
  token: number,
  logProbability: number,
): TokenText {
  const added = addedText(tokenizer, context, token);
  // Special tokens add nothing to a text, but have a name.
  const text = added.text || tokenizer.decode([token], { specialTokens: true });
  const isWhole = added.isWhole && !text.includes('\uFFFD');
  return { text, bytes: isWhole ? new TextEncoder().encode(text) : undefined, logProbability };
}

interface Added {
  readonly text: string;
  /** Does not end a character that another token began. */
  readonly isWhole: boolean;
}

function addedText(tokenizer: Tokenizer, context: readonly number[], token: number): Added {
  const before = tokenizer.decode(context);
  const after = tokenizer.decode([...context, token]);
  if (after.startsWith(before)) return { text: after.slice(before.length), isWhole: true };
  return { text: after.slice(sharedLength(before, after)), isWhole: !BROKEN_END.test(before) };
}

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return length;
}
