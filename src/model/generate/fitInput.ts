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

export function fitInput(
  model: TokenModel,
  tokens: readonly number[],
  index: number,
  maxNewTokens: number,
  truncate: boolean,
): FittedInput {
  const { kind, maxTokens } = model;
  if (maxTokens === undefined) return { tokens, limit: maxNewTokens };
  const readable = kind === 'causal' ? maxTokens - 1 : maxTokens;
  if (tokens.length > readable && !truncate) throw tooLong(model, tokens, index);
  const kept =
    tokens.length > readable ? cutTokens(model, tokens, maxTokens, maxNewTokens) : tokens;
  const room = kind === 'causal' ? maxTokens - kept.length : maxTokens;
  return { tokens: kept, limit: Math.min(maxNewTokens, room) };
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
  maxTokens: number,
  maxNewTokens: number,
): readonly number[] {
  const around = tokenizer.encode('');
  if (kind === 'causal') {
    // However long a text is asked for, half of the model's memory stays with the input.
    const kept = Math.max(Math.ceil(maxTokens / 2), maxTokens - maxNewTokens);
    const first = around.length > 0 && around[0] === tokens[0] ? [tokens[0]!] : [];
    const wanted = Math.min(kept, maxTokens - 1) - first.length;
    return wanted > 0 ? [...first, ...tokens.slice(-wanted)] : tokens.slice(-1);
  }
  const last = around.length > 0 && around.at(-1) === tokens.at(-1) ? [tokens.at(-1)!] : [];
  return [...tokens.slice(0, maxTokens - last.length), ...last];
}
