/** A causal model of any tokenizer, made ready to be asked for bytes. */

import { badInput } from '../../errors.ts';
import type { TokenModel } from '../../model/languageModel.ts';
import { type ByteTrie, buildTrie } from './trie.ts';

export interface ByteMember {
  readonly name: string;
  readonly model: TokenModel;
  readonly trie: ByteTrie;
  /** Undefined of tokens that no text is made of; such tokens are never written. */
  readonly bytes: readonly (Uint8Array | undefined)[];
  /** Any of them ends a text. */
  readonly ends: readonly number[];
  /** Tokens that come before every text. */
  readonly prefix: readonly number[];
  /** Bytes that come before every text and are no part of it. */
  readonly beginning: Uint8Array;
}

/**
 * Reads the bytes of the member's tokens: once for each model, some tenths of a second for a large
 * vocabulary.
 */
export function byteMember(name: string, model: TokenModel): ByteMember {
  if (model.kind !== 'causal') {
    throw badInput(`member ${name}: is ${model.kind}, and only causal models are fused by bytes`);
  }
  const tokenBytes = bytesOfTokens(name, model);
  const prefix = model.beginning ?? model.endTokens[0];
  if (prefix === undefined) {
    throw badInput(`member ${name}: has neither a token that begins texts nor one that ends them`);
  }
  return { name, model, ...tokenBytes, ends: [...new Set(model.endTokens)], prefix: [prefix] };
}

/**
 * The same member behind a prompt of its own, such as a conversation in its chat template, with the
 * special tokens in it. What is fused is what comes then.
 */
export function behindPrompt(member: ByteMember, prompt: string): ByteMember {
  const prefix = member.model.tokenizer.encode(prompt, { specialTokens: false });
  if (prefix.length === 0) return member;
  return { ...member, prefix, beginning: new Uint8Array() };
}

function bytesOfTokens(name: string, { tokenizer, ...model }: TokenModel) {
  if (!tokenizer.tokenBytes) {
    throw badInput(`member ${name}: its tokenizer does not tell the bytes of its tokens`);
  }
  const { bytesOf, beginning } = tokenizer.tokenBytes();
  const silent = new Set([...model.endTokens, ...model.bannedTokens]);
  const bytes = Array.from({ length: model.vocabularySize }, (_, id) =>
    silent.has(id) ? undefined : bytesOf(id),
  );
  const empty = bytes.findIndex((each) => each?.length === 0);
  if (empty >= 0) throw badInput(`member ${name}: token ${empty} stands for no bytes`);
  return { bytes, beginning, trie: buildTrie(bytes) };
}
