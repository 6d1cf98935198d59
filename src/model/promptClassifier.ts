/**
 * A classifier made of a model that continues texts: a prompt with the text in it, and for every label
 * the words that answer it.
 *
 *   p(label | text) ~ sum over the label's words of p(word | prompt)
 *
 * A word's probability is that of all its tokens. Words are written as they would follow the prompt,
 * with the space that stands before them. (Over HTTP only first tokens can be asked for:
 * http/httpClassifier.ts.)
 */

import { badInput } from '../errors.ts';
import { logSumExp } from '../numeric/logSumExp.ts';
import type { Classifier, Item, RequestOptions, TokenModel } from './languageModel.ts';
import { mostTokens, tooManyTokens } from './textTokenizer.ts';

export interface PromptLabels {
  /** With `{text}` where the text stands. */
  readonly prompt: string;
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

const TEXT = '{text}';

export function promptClassifier(
  model: TokenModel,
  { prompt, labels }: PromptLabels,
  name: string,
): Classifier {
  if (!prompt.includes(TEXT)) {
    throw badInput(`model "${name}": the prompt ${JSON.stringify(prompt)} has no ${TEXT}`);
  }
  const words = Object.values(labels).map((each) => each.map((word) => wordTokens(model, word)));
  const flat = words.flat();
  return {
    labels: Object.keys(labels),
    async logProbabilities(items, options = {}) {
      const longest = Math.max(...flat.map((word) => word.length));
      const rows = items.flatMap((item) => {
        const input = promptTokens(model, prompt, item, longest, name, options);
        return flat.map((continuation) => ({ input, continuation }));
      });
      const scores = await model.continuationLogProbabilities(rows, options);
      return items.map((_, i) => distribution(words, scores.slice(i * flat.length)));
    },
  };
}

function wordTokens({ tokenizer }: TokenModel, word: string): number[] {
  const tokens = tokenizer.encode(word, { specialTokens: false });
  if (tokens.length > 0) return tokens;
  throw badInput(`the label word ${JSON.stringify(word)} has no token`);
}

/** @param room tokens to leave for a word; what does not fit is cut from the text itself */
function promptTokens(
  { tokenizer, maxTokens }: TokenModel,
  prompt: string,
  { id, text }: Item,
  room: number,
  name: string,
  { truncate }: RequestOptions,
): number[] {
  const filled = (part: string) => tokenizer.encode(prompt.replaceAll(TEXT, () => part));
  const whole = filled(text);
  const most = (mostTokens(maxTokens, truncate) ?? Number.POSITIVE_INFINITY) - room;
  if (whole.length <= most) return whole;
  if (!truncate) throw tooManyTokens(id, whole.length + room, name, most + room);
  const parts = tokenizer.encode(text, { specialTokens: false });
  for (let kept = parts.length - (whole.length - most); kept > 0; kept--) {
    const cut = filled(tokenizer.decode(parts.slice(0, kept)));
    if (cut.length <= most) return cut;
  }
  throw tooManyTokens(id, whole.length + room, name, most + room);
}

/** @param scores of the tokens of every word, word after word */
function distribution(
  words: readonly (readonly (readonly number[])[])[],
  scores: readonly Float64Array[],
): Float64Array {
  let next = 0;
  const logs = Float64Array.from(words, (ofLabel) =>
    logSumExp(ofLabel.map(() => scores[next++]!.reduce((sum, x) => sum + x, 0))),
  );
  const total = logSumExp(logs);
  return logs.map((x) => x - total);
}
