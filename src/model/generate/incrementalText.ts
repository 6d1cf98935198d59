/**
 * Tokens to text as they come, in pieces that are never taken back.
 *
 * A byte-level token may end within a character, which decodes to U+FFFD until the rest has come: such
 * an end is held back. So is the start of a word where the tokenizer removes spaces before
 * punctuation and English contractions ("do n't"). A tokenizer that changes text further back than
 * that, as one that falls back to bytes does for bytes that are no UTF-8, cannot be followed exactly;
 * what was given out then stays.
 */

import type { Tokenizer } from '../tokenizer.ts';

export interface IncrementalText {
  /** The text that became certain with this token; may be empty. */
  readonly push: (token: number) => string;
  /** The rest, as it is. */
  readonly flush: () => string;
}

/** Decoding starts some tokens back, since a token's text can depend on those before it. */
const MAX_WINDOW = 64;
const CONTEXT = 16;

const INCOMPLETE_CHARACTER = /\uFFFD+$/;
/**
 * What may become `n't`, `'ve`, `,` and the like, before which a space is removed; and an apostrophe,
 * which gets its spaces back when a sign follows (`I ' `, but `I '.`).
 */
const INCOMPLETE_WORD = /(?: \S{0,2}|')$/;

export function createIncrementalText(tokenizer: Tokenizer): IncrementalText {
  const certainLength = certainLengthBy(tokenizer);
  let window: number[] = [];
  let text = '';
  let given = 0;
  const give = (end: number): string => {
    const piece = text.slice(given, Math.max(given, end));
    given += piece.length;
    return piece;
  };
  return {
    push: (token) => {
      window.push(token);
      text = tokenizer.decode(window);
      const piece = give(certainLength(text));
      const shorter = shortenedWindow(tokenizer, window, text, given);
      if (shorter !== undefined) {
        given -= text.length - shorter.text.length;
        ({ window, text } = shorter);
      }
      return piece;
    },
    flush: () => give(text.length),
  };
}

/** How much of the text of some tokens stays whatever tokens follow. */
export function certainLengthBy(tokenizer: Tokenizer): (text: string) => number {
  const removesSpaces = tokenizer.removesSpaces ?? removesSpacesBeforeSigns(tokenizer);
  return (text) => {
    const characters = text.replace(INCOMPLETE_CHARACTER, '');
    return removesSpaces ? characters.replace(INCOMPLETE_WORD, '').length : characters.length;
  };
}

function removesSpacesBeforeSigns(tokenizer: Tokenizer): boolean {
  return !tokenizer.decode(tokenizer.encode("I 'm", { specialTokens: false })).includes(" '");
}

/**
 * The last tokens, if they decode to the end of the same text, with all that was not yet given. They
 * must show something: a decoder that drops the first space of a text would else drop one within it.
 */
function shortenedWindow(
  tokenizer: Tokenizer,
  window: readonly number[],
  text: string,
  given: number,
): { readonly window: number[]; readonly text: string } | undefined {
  if (window.length <= MAX_WINDOW) return undefined;
  const shorter = window.slice(-CONTEXT);
  const end = tokenizer.decode(shorter);
  const isSame = text.endsWith(end) && end.length >= text.length - given && end.trim() !== '';
  return isSame ? { window: shorter, text: end } : undefined;
}
