/**
 * A small text classifier: hashed n-grams, then multinomial logistic regression. Real enough to
 * train in a second, to be merged like any checkpoint, and to be measured.
 */

import { badInput } from '../errors.ts';
import {
  type FitSettings,
  fitLogisticRegression,
  type LinearParameters,
  predictProbabilities,
  zeroParameters,
} from './logisticRegression.ts';
import {
  assertNgramFeatureSettings,
  DEFAULT_NGRAM_FEATURES,
  type NgramFeatureSettings,
  ngramFeatures,
  type SparseVector,
} from './ngramFeatures.ts';

export interface TextClassifier {
  /** Names of the classes, in the order of the weights' rows. */
  readonly labels: readonly string[];
  readonly features: NgramFeatureSettings;
  /** [classes, buckets], row-major: a class's weights lie side by side, as in a checkpoint. */
  readonly weight: Float32Array;
  /** [classes] */
  readonly bias: Float32Array;
}

/** A text's features with its label; make these once when several models learn from one text. */
export interface LabelledFeatures {
  readonly features: SparseVector;
  readonly label: string;
}

/** A model that knows nothing yet: every label is equally probable. */
export function untrainedClassifier(
  labels: readonly string[],
  features: NgramFeatureSettings = DEFAULT_NGRAM_FEATURES,
): TextClassifier {
  assertNgramFeatureSettings(features);
  if (labels.length < 2 || new Set(labels).size !== labels.length) {
    throw badInput(`labels: [${labels.join(', ')}] are not at least two different names`);
  }
  return {
    labels,
    features,
    weight: new Float32Array(labels.length * features.buckets),
    bias: new Float32Array(labels.length),
  };
}

/** Continues training from `start`; the result is a new model. */
export function trainTextClassifier(
  examples: readonly LabelledFeatures[],
  start: TextClassifier,
  settings: FitSettings,
): TextClassifier {
  const labelled = examples.map(({ features, label }) => ({
    features,
    label: labelIndex(start, label),
  }));
  const fitted = fitLogisticRegression(labelled, toParameters(start), settings);
  return {
    ...start,
    weight: Float32Array.from(transposed(fitted.weight, fitted.features, fitted.classes)),
    bias: Float32Array.from(fitted.bias),
  };
}

/** Probabilities of the labels, one row per text. */
export function classifyTexts(model: TextClassifier, texts: readonly string[]): Float64Array[] {
  return classifyFeatures(
    model,
    texts.map((text) => ngramFeatures(text, model.features)),
  );
}

/** As `classifyTexts`, on features made with the settings of this model. */
export function classifyFeatures(
  model: TextClassifier,
  features: readonly SparseVector[],
): Float64Array[] {
  const parameters = toParameters(model);
  return features.map((vector) => predictProbabilities(parameters, vector));
}

/** The label of the largest probability; of several, the first. */
export function mostProbableLabel(model: TextClassifier, probabilities: Float64Array): string {
  let best = 0;
  for (let i = 1; i < probabilities.length; i++) {
    if (probabilities[i]! > probabilities[best]!) best = i;
  }
  return model.labels[best]!;
}

function labelIndex(model: TextClassifier, label: string): number {
  const index = model.labels.indexOf(label);
  if (index >= 0) return index;
  throw badInput(`label "${label}": the model has ${model.labels.join(', ')}`);
}

/** Feature-major and in float64, the layout that training and prediction walk through. */
function toParameters(model: TextClassifier): LinearParameters {
  const classes = model.labels.length;
  const { buckets } = model.features;
  const empty = zeroParameters(buckets, classes);
  return {
    ...empty,
    weight: transposed(model.weight, classes, buckets),
    bias: Float64Array.from(model.bias),
  };
}

/** [rows, columns] to [columns, rows]. */
function transposed(matrix: Float32Array | Float64Array, rows: number, columns: number) {
  const result = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = matrix[row * columns + column]!;
    }
  }
  return result;
}
