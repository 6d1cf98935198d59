/**
 * The probability of a text by a causal model: the product of those of its tokens. The first is
 * predicted after the token that begins every text; where a model has none, the first token is given.
 */

import type { Item, RequestOptions, TextScorer, TokenModel } from './languageModel.ts';
import { mostTokens, tooManyTokens } from './textTokenizer.ts';

export interface ScoredText {
  readonly input: readonly number[];
  readonly continuation: readonly number[];
}

export function textScorer(model: TokenModel): TextScorer {
  return {
    async scores(items, options = {}) {
      const rows = items.map((item) => splitText(model, item, options));
      const found = await model.continuationLogProbabilities(rows, options);
      return found.map((tokens) => ({
        logProbability: tokens.reduce((sum, x) => sum + x, 0),
        tokenCount: tokens.length,
      }));
    },
  };
}

function splitText(
  { tokenizer, maxTokens, beginning }: TokenModel,
  { id, text }: Item,
  { truncate }: RequestOptions,
): ScoredText {
  const bare = tokenizer.encode(text, { specialTokens: false });
  const tokens = beginning === undefined ? bare : [beginning, ...bare];
  const most = mostTokens(maxTokens, truncate);
  if (most !== undefined && tokens.length > most && !truncate) {
    throw tooManyTokens(id, tokens.length, 'the model', most);
  }
  const kept = truncate && most !== undefined ? tokens.slice(0, most) : tokens;
  return { input: kept.slice(0, 1), continuation: kept.slice(1) };
}
