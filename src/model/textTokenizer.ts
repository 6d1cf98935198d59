/** The tokenizer of a checkpoint, from its tokenizer.json. Runs in a browser as well. */

import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import type { JsonObject } from '../checkpoint/checkpoint.ts';
import { badInput, type FusionError } from '../errors.ts';
import type { Item, RequestOptions } from './languageModel.ts';
import type { Tokenizer } from './tokenizer.ts';
import { tokenList } from './tokenList.ts';

export function createTokenizer(tokenizerJson: JsonObject, tokenizerConfig: JsonObject): Tokenizer {
  const tokenizer = new HuggingFaceTokenizer(tokenizerJson, tokenizerConfig);
  const cleansUp = tokenizerConfig.clean_up_tokenization_spaces === true;
  return {
    encode: (text, { pair, specialTokens = true } = {}) => {
      const { ids } = tokenizer.encode(text, {
        add_special_tokens: specialTokens,
        ...(pair === undefined ? {} : { text_pair: pair }),
      });
      // What no token stands for, in a vocabulary without one for the unknown, leaves a hole.
      return (ids as (number | undefined)[]).filter((id) => id !== undefined);
    },
    decode: (ids, { specialTokens = false } = {}) =>
      ids.length === 0
        ? ''
        : tokenizer.decode([...ids], {
            skip_special_tokens: !specialTokens,
            clean_up_tokenization_spaces: cleansUp,
          }),
    vocabulary: () => tokenList(tokenizerJson),
  };
}

/**
 * The first `most` ids, but with the special tokens that stand around a text: of `[CLS] a b c [SEP]`
 * four are `[CLS] a b [SEP]`.
 */
export function truncated(tokenizer: Tokenizer, text: string, most: number): number[] {
  const whole = tokenizer.encode(text);
  if (whole.length <= most) return whole;
  const bare = tokenizer.encode(text, { specialTokens: false });
  const special = whole.length - bare.length;
  const before = whole.findIndex(
    (id, i) => id === bare[0] && whole[i + bare.length - 1] === bare.at(-1),
  );
  if (special <= 0 || before < 0) return whole.slice(0, most);
  const after = whole.slice(before + bare.length);
  return [...whole.slice(0, before), ...bare.slice(0, most - special), ...after];
}

/**
 * The ids of an item: all of them, or cut where the caller allows it.
 *
 * @param limit what the model reads at the most
 * @param name the model, for messages
 */
export function fittingTokens(
  tokenizer: Tokenizer,
  limit: number | undefined,
  name: string,
  { id, text }: Item,
  { truncate }: RequestOptions = {},
): number[] {
  const most = mostTokens(limit, truncate);
  if (truncate && most !== undefined) return truncated(tokenizer, text, most);
  const ids = tokenizer.encode(text);
  if (limit === undefined || ids.length <= limit) return ids;
  throw tooManyTokens(id, ids.length, name, limit);
}

export function mostTokens(
  limit: number | undefined,
  truncate: RequestOptions['truncate'],
): number | undefined {
  return typeof truncate === 'number' ? Math.min(truncate, limit ?? truncate) : limit;
}

export function tooManyTokens(id: string, count: number, name: string, limit: number): FusionError {
  return badInput(
    `item "${id}" has ${count} tokens, and ${name} reads ${limit} (ask for truncation to cut it)`,
  );
}
