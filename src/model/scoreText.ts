/**
 * The probability of a text by a causal model: the product of those of its tokens. The first is
 * predicted after the token that begins every text; where a model has none, the first token is given.
 */

import { badInput } from '../errors.ts';
import type { Item, RequestOptions, TextScorer, TokenModel } from './languageModel.ts';

export interface ScoredText {
  readonly input: readonly number[];
  readonly continuation: readonly number[];
}

/** @param beginning the token that begins every text, if there is one */
export function textScorer(model: TokenModel, beginning: number | undefined): TextScorer {
  return {
    async scores(items, options = {}) {
      const rows = items.map((item) => splitText(model, beginning, item, options));
      const found = await model.continuationLogProbabilities(rows, options);
      return found.map((tokens) => ({
        logProbability: tokens.reduce((sum, x) => sum + x, 0),
        tokenCount: tokens.length,
      }));
    },
  };
}

function splitText(
  { tokenizer, maxTokens }: TokenModel,
  beginning: number | undefined,
  { id, text }: Item,
  { truncate }: RequestOptions,
): ScoredText {
  const bare = tokenizer.encode(text, { specialTokens: false });
  const tokens = beginning === undefined ? bare : [beginning, ...bare];
  const most = typeof truncate === 'number' ? Math.min(truncate, maxTokens ?? truncate) : maxTokens;
  if (most !== undefined && tokens.length > most && !truncate) {
    throw badInput(
      `item "${id}" has ${tokens.length} tokens, and the model reads ${most} (ask for truncation to cut it)`,
    );
  }
  const kept = truncate && most !== undefined ? tokens.slice(0, most) : tokens;
  return { input: kept.slice(0, 1), continuation: kept.slice(1) };
}
