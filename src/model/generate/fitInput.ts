/**
 * How much of an input a model can read, and how much it may then write.
 *
 * A causal model reads and writes within `maxTokens` together; a sequence-to-sequence model has as many
 * for each. An input that leaves no room is refused, or cut where the caller allows it: a causal
 * model keeps the end of its input, which the continuation follows, any other the beginning. The
 * special token that the tokenizer puts at the other end is kept.
 */

import { badInput } from '../../errors.ts';
import type { TokenModel } from '../languageModel.ts';

export interface FittedInput {
  readonly tokens: readonly number[];
  /** Tokens that the continuation can have. */
  readonly limit: number;
}

/** @param truncate whether inputs are cut, or to how many tokens at the most */
export function fitInput(
  model: TokenModel,
  tokens: readonly number[],
  index: number,
  maxNewTokens: number,
  truncate: boolean | number,
): FittedInput {
  const { kind, maxTokens = Number.POSITIVE_INFINITY } = model;
  const readable = kind === 'causal' ? maxTokens - 1 : maxTokens;
  if (tokens.length > readable && truncate === false) throw tooLong(model, tokens, index);
  const asked = typeof truncate === 'number' ? truncate : Number.POSITIVE_INFINITY;
  const most = tokens.length > readable ? mostOf(model, maxTokens, maxNewTokens) : tokens.length;
  const kept = cutTokens(model, tokens, Math.min(asked, most));
  const room = kind === 'causal' ? maxTokens - kept.length : maxTokens;
  return { tokens: kept, limit: Math.min(maxNewTokens, room) };
}

/** However long a text is asked for, half of a causal model's memory stays with the input. */
function mostOf({ kind }: TokenModel, maxTokens: number, maxNewTokens: number): number {
  if (kind !== 'causal') return maxTokens;
  return Math.min(Math.max(Math.ceil(maxTokens / 2), maxTokens - maxNewTokens), maxTokens - 1);
}

function tooLong({ kind, maxTokens }: TokenModel, tokens: readonly number[], index: number): Error {
  const bound = kind === 'causal' ? `${maxTokens}, what it writes included` : `${maxTokens}`;
  return badInput(
    `input ${index + 1}: ${tokens.length} tokens, but the model's maximum is ${bound}; truncate cuts it`,
  );
}

function cutTokens(
  { kind, tokenizer }: TokenModel,
  tokens: readonly number[],
  most: number,
): readonly number[] {
  if (tokens.length <= most) return tokens;
  const around = tokenizer.encode('');
  if (kind === 'causal') {
    const first = around.length > 0 && around[0] === tokens[0] ? [tokens[0]!] : [];
    const wanted = most - first.length;
    return wanted > 0 ? [...first, ...tokens.slice(-wanted)] : tokens.slice(-1);
  }
  const last = around.length > 0 && around.at(-1) === tokens.at(-1) ? [tokens.at(-1)!] : [];
  return [...tokens.slice(0, most - last.length), ...last];
}
