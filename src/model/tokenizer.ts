/** What is asked of a tokenizer: text to token ids and back. Not how it splits. */

export interface Tokenizer {
  /** With the special tokens that the model expects around a text, unless told otherwise. */
  readonly encode: (
    text: string,
    options?: { readonly pair?: string; readonly specialTokens?: boolean },
  ) => number[];
  /** Without special tokens, unless told otherwise. */
  readonly decode: (
    ids: readonly number[],
    options?: { readonly specialTokens?: boolean },
  ) => string;
  /** Whether decoding removes spaces before signs; it is tried out where this does not say. */
  readonly removesSpaces?: boolean;
  /** Tokens by their ids, as the tokenizer spells them; where it can list them. */
  readonly vocabulary?: () => readonly (string | undefined)[];
  /** The bytes of its tokens; refused where they are not known exactly. */
  readonly tokenBytes?: () => TokenBytes;
}

/** A text's bytes are those of its tokens, one after the other, without the beginning. */
export interface TokenBytes {
  /** Undefined of what is no part of a text: special tokens, and ids that no token has. */
  readonly bytesOf: (id: number) => Uint8Array | undefined;
  /** What the tokens of every text begin with before the text itself: a space in SentencePiece. */
  readonly beginning: Uint8Array;
}
