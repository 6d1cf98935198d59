/**
 * Whether members have one vocabulary, so that their distributions can be added token by token.
 *
 * Sizes may differ by rows that pad a matrix and stand for no token: those are left out.
 */

import { badInput } from '../../errors.ts';
import type { TokenModel } from '../../model/languageModel.ts';

export interface NamedTokenModel {
  readonly name: string;
  readonly model: TokenModel;
}

/** Tokens that all members have; what differs is an error that says how it could be done instead. */
export function sharedVocabularySize(members: readonly NamedTokenModel[]): number {
  const [first, ...others] = members;
  if (!first) throw badInput('an ensemble needs a member');
  for (const other of others) assertSame(first, other);
  return Math.min(...members.map(({ model }) => model.vocabularySize));
}

function assertSame(a: NamedTokenModel, b: NamedTokenModel): void {
  if (a.model.kind !== b.model.kind) {
    throw badInput(
      `${a.name} is ${kindWords(a.model)} and ${b.name} is ${kindWords(b.model)}; members must be alike`,
    );
  }
  const [left, right] = [tokensOf(a), tokensOf(b)];
  const count = Math.max(left.length, right.length);
  for (let id = 0; id < count; id++) {
    if (left[id] === right[id]) continue;
    throw badInput(
      `token ${id} is ${JSON.stringify(left[id] ?? null)} in ${a.name} and ${JSON.stringify(right[id] ?? null)} in ${b.name}: ` +
        `members with different vocabularies are fused by ${alternative(a.model)}`,
    );
  }
}

function kindWords({ kind }: TokenModel): string {
  return kind === 'causal' ? 'a causal model' : 'a sequence-to-sequence model';
}

function alternative({ kind }: TokenModel): string {
  return kind === 'causal' ? '"ensemble: byte_level"' : '"ensemble: agreement"';
}

function tokensOf({ name, model }: NamedTokenModel): readonly (string | undefined)[] {
  const tokens = model.tokenizer.vocabulary?.();
  if (tokens) return tokens;
  throw badInput(
    `${name}: its tokens cannot be listed, so it cannot be told whether they are shared`,
  );
}
