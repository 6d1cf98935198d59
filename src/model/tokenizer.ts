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
  /** Tokens by their ids, as the tokenizer spells them; where it can list them. */
  readonly vocabulary?: () => readonly (string | undefined)[];
}
