/**
 * The probability of a text by a causal model: the product of those of its tokens. The first is
 * predicted after the token that begins every text; where a model has none, the first token is given.
 *
 * A text that is longer than the model reads is read in windows, each as long as the model reads:
 *
 *   log p(x) = sum_t log p(x_t | x_(s_t) ... x_(t-1)),   s_t the start of the first window with x_t
 *
 * Each window ends `stride` tokens after the one before it, the last one with the text. A token is
 * scored once, after `length of a window - stride` others or more. Half a window is the stride unless
 * the caller says otherwise; a stride of 1 gives every token all that the model can read.
 */

import { badInput } from '../errors.ts';
import type { Item, ScoreOptions, TextScore, TextScorer, TokenModel } from './languageModel.ts';
import { mostTokens } from './textTokenizer.ts';

/** A range of a text's tokens, those from `from` on to be scored. */
export interface ScoreWindow {
  readonly start: number;
  readonly from: number;
  readonly end: number;
}

export function textScorer(model: TokenModel): TextScorer {
  return {
    async scores(items, options = {}) {
      const texts = items.map((item) => tokensOf(model, item, options));
      const rows = texts.flatMap((tokens, text) =>
        windowsOf(tokens.length, model.maxTokens, options.stride).map(({ start, from, end }) => ({
          text,
          input: tokens.slice(start, from),
          continuation: tokens.slice(from, end),
        })),
      );
      const found = await model.continuationLogProbabilities(rows, options);
      const parts: Float64Array[][] = texts.map(() => []);
      rows.forEach(({ text }, row) => {
        parts[text]!.push(found[row]!);
      });
      return parts.map(scoreOf);
    },
  };
}

function tokensOf(
  { tokenizer, maxTokens, beginning }: TokenModel,
  { text }: Item,
  { truncate, stride }: ScoreOptions,
): number[] {
  if (truncate && stride !== undefined) {
    throw badInput('a text is cut, or read in windows with a stride, and both are asked for');
  }
  const bare = tokenizer.encode(text, { specialTokens: false });
  const tokens = beginning === undefined ? bare : [beginning, ...bare];
  return truncate ? tokens.slice(0, mostTokens(maxTokens, truncate)) : tokens;
}

/**
 * @param length tokens of the text
 * @param most tokens that the model reads at once
 */
export function windowsOf(
  length: number,
  most = Number.POSITIVE_INFINITY,
  stride?: number,
): ScoreWindow[] {
  if (stride !== undefined && !(Number.isInteger(stride) && stride >= 1 && stride < most)) {
    throw badInput(
      `stride: ${stride} is not a whole number below ${most}, which is how many tokens the model reads`,
    );
  }
  const step = stride ?? Math.max(1, Math.floor(most / 2));
  const windows: ScoreWindow[] = [
    { start: 0, from: Math.min(1, length), end: Math.min(length, most) },
  ];
  for (let from = most; from < length; from += step) {
    const end = Math.min(from + step, length);
    windows.push({ start: end - most, from, end });
  }
  return windows;
}

function scoreOf(windows: readonly Float64Array[]): TextScore {
  return {
    logProbability: windows.flatMap((row) => [...row]).reduce((sum, x) => sum + x, 0),
    tokenCount: windows.reduce((sum, row) => sum + row.length, 0),
    windows: windows.length,
  };
}
