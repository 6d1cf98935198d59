/**
 * What a member says behind a sequence of tokens. Tokens that stand for no bytes are never written: the
 * distribution over all others, and over the end, is renormalised by its sum.
 */

import type { ByteMember } from './byteMember.ts';
import { massOf, tokenMasses } from './trie.ts';

export interface TokenContext {
  /** In the tree of sequences. */
  readonly node: number;
  /** Tokens, with those of the prefix. */
  readonly length: number;
  /** Log-probabilities of all tokens. */
  readonly row: Float32Array;
  readonly masses: () => ContextMasses;
  readonly children: Map<number, TokenContext>;
}

export interface ContextMasses {
  /** Of the trie's tokens, in their order. */
  readonly ofTokens: Float64Array;
  /** Of the tokens that end a text. */
  readonly end: number;
  /** Of all that may come: what the others are shares of. */
  readonly total: number;
}

export function contextOf(
  { trie, ends }: ByteMember,
  length: number,
  { node, row }: { readonly node: number; readonly row: Float32Array },
): TokenContext {
  let found: ContextMasses | undefined;
  return {
    node,
    length,
    row,
    children: new Map(),
    masses: () => {
      if (found) return found;
      const ofTokens = tokenMasses(trie, row);
      const end = ends.reduce((sum, token) => sum + Math.exp(row[token]!), 0);
      found = { ofTokens, end, total: massOf(ofTokens, 0, ofTokens.length) + end };
      return found;
    },
  };
}
