/**
 * A classifier made of a model behind HTTP: a prompt with the text in it, and for every label the
 * words that answer it. A label is as probable as its words are as first tokens of the answer, among
 * those that the server lists: a label without any of them there gets 0.
 *
 * Where a server gives no log-probabilities the answer itself decides, with probability 1, and the
 * classifier is marked `isHard`. Nothing is fitted: temperatures and weights are an ensemble's.
 */

import { badInput } from '../../errors.ts';
import type { Classifier, Item } from '../languageModel.ts';
import { askForEach } from './eachItem.ts';
import {
  answeredLabel,
  certainOf,
  type LabelWords,
  labelDistribution,
  parseLabelWords,
} from './labelWords.ts';
import type { HttpModel } from './openHttpModel.ts';

export interface HttpClassifierOptions {
  /** With `{text}` where the text stands. */
  readonly prompt: string;
  /** The words of each label. How they are written, and spaces around them, make no difference. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** First tokens to ask for, 20 unless said otherwise; servers have limits, of 5 to 20. */
  readonly topK?: number;
  /** Lets the answer decide from the start, where asking for log-probabilities is an error. */
  readonly isHard?: boolean;
  /** The longest answer, where that decides. */
  readonly maxTokens?: number;
}

const TEXT = '{text}';
const DEFAULT_TOP_K = 20;
/** Words come first in an answer; after them nothing matters. */
const DEFAULT_MAX_TOKENS = 16;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function httpClassifier(model: HttpModel, options: HttpClassifierOptions): Classifier {
  const { prompt, topK = DEFAULT_TOP_K, maxTokens = DEFAULT_MAX_TOKENS } = options;
  if (!prompt.includes(TEXT)) {
    throw badInput(`model "${model.name}": the prompt ${JSON.stringify(prompt)} has no ${TEXT}`);
  }
  const words = parseLabelWords(options.labels, model.name);
  const promptFor = ({ text }: Item) => prompt.replaceAll(TEXT, () => text);

  async function byFirstToken(item: Item, signal: AbortSignal): Promise<Float64Array | undefined> {
    const first = await model.firstTokenLogProbabilities(promptFor(item), topK, { signal });
    if (first === undefined) return undefined;
    const distribution = labelDistribution(first, words);
    if (distribution !== undefined) return distribution;
    const texts = first.map(({ text }) => JSON.stringify(text)).join(', ');
    throw unmatched(
      model,
      item,
      words,
      `the most probable first tokens are ${model.printable(texts)}`,
    );
  }

  async function byAnswer(item: Item, signal: AbortSignal): Promise<Float64Array> {
    const request = { prompt: promptFor(item), maxTokens, temperature: 0 };
    const { text } = await model.respond.respond(request, { signal });
    const label = answeredLabel(text, words);
    if (label !== undefined) return certainOf(label, words);
    throw unmatched(model, item, words, `the answer is ${JSON.stringify(model.printable(text))}`);
  }

  const classifier: Mutable<Classifier> = {
    labels: words.map(({ label }) => label),
    logProbabilities: (items, { signal } = {}) =>
      askForEach(items, model.concurrency, signal, async (item, signal) => {
        const soft = classifier.isHard ? undefined : await byFirstToken(item, signal);
        if (soft !== undefined) return soft;
        classifier.isHard = true;
        return byAnswer(item, signal);
      }),
    ...(options.isHard ? { isHard: true } : {}),
  };
  return classifier;
}

function unmatched({ name }: HttpModel, { id }: Item, words: readonly LabelWords[], what: string) {
  const wanted = words.flatMap((each) => each.words).map((word) => JSON.stringify(word));
  return badInput(
    `model "${name}", item ${JSON.stringify(id)}: ${what}, and none is among the labels' words ${wanted.join(', ')}`,
  );
}
