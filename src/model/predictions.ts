/**
 * A file of predictions as a language model: it answers for the items that it was made for, whom it
 * knows by their ids, and for no others. Files are read by task/data/parsePredictions.ts.
 */

import { badInput, FusionError } from '../errors.ts';
import type { DataFormat } from '../task/data/format.ts';
import {
  type LabelPredictions,
  readPredictions,
  type TextPredictions,
} from '../task/data/parsePredictions.ts';
import type { LabelPrediction } from '../task/data/prediction.ts';
import type {
  Classifier,
  Item,
  LanguageModel,
  RequestOptions,
  Writer,
  WrittenText,
} from './languageModel.ts';

/** `classify` for a file of labels, `write` for one of texts. `name` is as the user named it. */
export async function openPredictions(
  path: string,
  name: string,
  options: { readonly format?: DataFormat | undefined } = {},
): Promise<LanguageModel> {
  const predictions = await readPredictions(path, options);
  const model = { name, close: async () => {} };
  return predictions.kind === 'labels'
    ? { ...model, classify: classifierOf(predictions, path) }
    : { ...model, write: writerOf(predictions, path) };
}

function classifierOf({ labels, byId }: LabelPredictions, path: string): Classifier {
  return {
    labels,
    logProbabilities: async (items, options) =>
      lookUp(items, byId, path, options).map((prediction) => logProbabilities(prediction, labels)),
  };
}

/** A file that tells labels alone is certain of them. */
function logProbabilities(
  { label, probabilities = { [label]: 1 } }: LabelPrediction,
  labels: readonly string[],
): Float64Array {
  return Float64Array.from(labels, (each) =>
    Math.log(Object.hasOwn(probabilities, each) ? probabilities[each]! : 0),
  );
}

function writerOf({ byId }: TextPredictions, path: string): Writer {
  return {
    texts: async (items, options) =>
      lookUp(items, byId, path, options).map(
        ({ text, logprob }): WrittenText =>
          logprob === undefined ? { text } : { text, logProbability: logprob },
      ),
  };
}

function lookUp<T>(
  items: readonly Item[],
  byId: ReadonlyMap<string, T>,
  path: string,
  options: RequestOptions | undefined,
): T[] {
  if (options?.signal?.aborted) throw new FusionError('aborted', `${path}: looking up was stopped`);
  return items.map(({ id }) => {
    const found = byId.get(id);
    if (found !== undefined) return found;
    throw badInput(
      `item ${JSON.stringify(id)}: is not among the ${byId.size} predictions of ${path}, ` +
        `which begin with ${JSON.stringify(byId.keys().next().value)}; make them from the same data`,
    );
  });
}
