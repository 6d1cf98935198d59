/** Members without a network: words for tokens, and a distribution that depends on all words before. */

import type { Item, LanguageModel, TokenModel } from '../../../src/model/languageModel.ts';
import type { Tokenizer } from '../../../src/model/tokenizer.ts';
import { hashLogits, toyModel } from '../../model/generate/toyModel.ts';

export const WORDS = ['.', 'a', 'b', 'c', 'd', 'e'];
/** Also the special token that ends an encoded text. */
const END = 0;

const tokenizer: Tokenizer = {
  encode: (text, { specialTokens = true } = {}) => {
    const words = text.split(' ').filter((word) => word !== '');
    return [...words.map((word) => WORDS.indexOf(word)), ...(specialTokens ? [END] : [])];
  },
  decode: (ids) => ids.map((id) => WORDS[id]).join(' '),
};

/** Reads words, writes words; scores a continuation by walking along it. */
export function toyMember(name: string, seed: number, rest: Partial<TokenModel> = {}) {
  const model = toyModel(WORDS.length, hashLogits(WORDS.length, seed), {
    kind: 'sequence_to_sequence',
    tokenizer,
    endTokens: [END],
    defaults: { maxNewTokens: 6 },
  });
  const next: TokenModel = {
    ...model,
    continuationLogProbabilities: async (rows) =>
      rows.map(({ input, continuation }) =>
        Float64Array.from(continuation, (token, i) => {
          const before = [...input, ...continuation.slice(0, i)];
          return model.logProbabilitiesAfter(before)[token]!;
        }),
      ),
    ...rest,
  };
  return { name, next, close: async () => {}, openStreams: model.openStreams };
}

export function writingMember(
  name: string,
  textOf: (item: Item) => string,
  logProbability?: number,
): LanguageModel {
  const texts = async (items: readonly Item[]) =>
    items.map((item) => {
      const text = textOf(item);
      return logProbability === undefined ? { text } : { text, logProbability };
    });
  return { name, write: { texts }, close: async () => {} };
}

export function itemsOf(...texts: string[]): Item[] {
  return texts.map((text, i) => ({ id: `i${i}`, text }));
}
