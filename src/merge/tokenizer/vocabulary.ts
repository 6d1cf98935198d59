/**
 * A vocabulary: which token has which id, and the tokenizer files that say so. It is not a
 * tokenizer: nothing here splits text.
 */

import type { JsonObject } from '../../checkpoint/checkpoint.ts';

/** A token that is matched whole in the text, before the model splits the rest. */
export interface AddedToken {
  readonly content: string;
  readonly special: boolean;
  readonly normalized: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly singleWord: boolean;
}

export type TokenizerKind = 'BPE' | 'Unigram' | 'WordPiece' | 'WordLevel';

/** The names of tokens, by id. */
export interface TokenTable {
  readonly tokens: ReadonlyMap<string, number>;
  /** An id without a token is a hole. */
  readonly byId: readonly (string | undefined)[];
  /** Largest id + 1. */
  readonly size: number;
}

export interface Vocabulary extends TokenTable {
  /** As the user named the model. */
  readonly reference: string;
  readonly addedTokens: ReadonlyMap<string, AddedToken>;
  /** Undefined when there is no tokenizer.json. */
  readonly kind: TokenizerKind | undefined;
  readonly tokenizerJson: JsonObject | undefined;
  readonly tokenizerConfig: JsonObject | undefined;
  /** The default chat template, from chat_template.jinja or else from tokenizer_config.json. */
  readonly chatTemplate: string | undefined;
  /** Names of the tokenizer's files in the folder, sorted. */
  readonly files: readonly string[];
}

/** Whether every id names the same token in both, so that rows need no permutation. */
export function sameVocabulary(a: TokenTable, b: TokenTable): boolean {
  if (a.tokens.size !== b.tokens.size) return false;
  for (const [token, id] of a.tokens) {
    if (b.tokens.get(token) !== id) return false;
  }
  return true;
}

/** One sentence on the first difference, or undefined when all vocabularies agree. */
export function vocabularyDifference(vocabularies: readonly Vocabulary[]): string | undefined {
  const [first, ...others] = vocabularies;
  const other = first && others.find((vocabulary) => !sameVocabulary(first, vocabulary));
  if (!first || !other) return undefined;
  const places = new Set([...first.tokens.values(), ...other.tokens.values()]);
  const id = [...places].sort((a, b) => a - b).find((id) => first.byId[id] !== other.byId[id]) ?? 0;
  const name = (table: TokenTable) =>
    table.byId[id] === undefined ? 'no token' : JSON.stringify(table.byId[id]);
  return (
    `the vocabularies differ: ${first.reference} has ${first.tokens.size} tokens, ` +
    `${other.reference} ${other.tokens.size}; id ${id} is ${name(first)} in the first and ${name(other)} ` +
    'in the second; set tokenizer_source to union, base or a model'
  );
}

/** How transformers and tokenizer.json spell a token's flags. */
export function serializeAddedToken(token: AddedToken): JsonObject {
  return {
    content: token.content,
    single_word: token.singleWord,
    lstrip: token.lstrip,
    rstrip: token.rstrip,
    normalized: token.normalized,
    special: token.special,
  };
}

/** Flags of a token that was never an added token. */
export function plainAddedToken(content: string): AddedToken {
  return {
    content,
    special: false,
    normalized: true,
    lstrip: false,
    rstrip: false,
    singleWord: false,
  };
}
