/**
 * What commands write about an item, and what files of predictions hold: a label with its
 * probabilities, or a text. Reading them is parsePredictions.ts.
 */

import { badInput } from '../../errors.ts';
import { argmax } from '../../numeric/argmax.ts';
import { quoted } from './row.ts';

export interface LabelPrediction {
  readonly id: string;
  readonly label: string;
  /** Of every label; absent where a model tells its choice alone. */
  readonly probabilities?: Readonly<Record<string, number>>;
  /** Members that an ensemble had to do without. */
  readonly missing?: readonly string[];
}

export interface TextPrediction {
  readonly id: string;
  readonly text: string;
  /** Natural logarithm, of the whole text. */
  readonly logprob?: number;
  readonly missing?: readonly string[];
}

export type Prediction = LabelPrediction | TextPrediction;

/**
 * A distribution, as the classifier gives it, with its most probable label; of several, the first.
 */
export function labelPrediction(
  id: string,
  labels: readonly string[],
  logProbabilities: ArrayLike<number>,
): LabelPrediction {
  // Rounding may leave a logarithm just above 0.
  const probability = (_: string, i: number) => Math.min(1, Math.exp(logProbabilities[i]!));
  const values = labels.map(probability);
  return {
    id,
    label: labels[argmax(logProbabilities)]!,
    probabilities: Object.fromEntries(labels.map((label, i) => [label, values[i]!])),
  };
}

/** One line of JSONL, without its line break. JSON numbers read back as the same doubles. */
export function predictionLine(prediction: Prediction): string {
  if ('label' in prediction) {
    const { id, label, probabilities, missing } = prediction;
    for (const [name, value] of Object.entries(probabilities ?? {})) {
      assertFinite(value, `the probability of ${quoted(name)}`, id);
    }
    return JSON.stringify({ id, label, probabilities, missing });
  }
  const { id, text, logprob, missing } = prediction;
  if (logprob !== undefined) assertFinite(logprob, 'logprob', id);
  return JSON.stringify({ id, text, logprob, missing });
}

/** JSON would turn it into null without a word. */
function assertFinite(value: number, what: string, id: string): void {
  if (Number.isFinite(value)) return;
  throw badInput(`prediction ${quoted(id)}: ${what} is ${value}, which is no number in JSON`);
}
