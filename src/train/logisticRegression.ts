/**
 * Multinomial logistic regression on sparse vectors.
 *
 * Minimises  mean over examples of -log p(label | x)  +  l2/2 |W|^2   (the bias is not penalised),
 *            p = softmax(W x + b),
 * by stochastic gradient descent, an example at a time in a seeded order. Updates touch only the
 * features of the example: W is kept as scale * V and the penalty shrinks the scale alone (L. Bottou,
 * "Stochastic Gradient Descent Tricks", 2012), with his step sizes rate / (1 + rate l2 t).
 * Started from given parameters it is fine-tuning: a warm start.
 */

import { badInput } from '../errors.ts';
import { type RandomSource, seededRandom, shuffle } from '../numeric/random.ts';
import type { SparseVector } from './ngramFeatures.ts';

export interface LabelledVector {
  readonly features: SparseVector;
  readonly label: number;
}

/** `weight` is [features, classes], row-major: a feature's weights lie side by side. */
export interface LinearParameters {
  readonly classes: number;
  readonly features: number;
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

export interface FitSettings {
  readonly epochs: number;
  readonly learningRate: number;
  readonly l2: number;
  readonly seed: number;
}

/** Below this the scale is folded into V, long before either loses precision. */
const SMALLEST_SCALE = 1e-6;

export function zeroParameters(features: number, classes: number): LinearParameters {
  return {
    classes,
    features,
    weight: new Float64Array(features * classes),
    bias: new Float64Array(classes),
  };
}

/** Learns from `start` on and leaves `start` as it is. */
export function fitLogisticRegression(
  examples: readonly LabelledVector[],
  start: LinearParameters,
  settings: FitSettings,
): LinearParameters {
  assertFitSettings(settings);
  for (const example of examples) assertExample(example, start);
  const fitted = { ...start, weight: start.weight.slice(), bias: start.bias.slice() };
  const random = seededRandom(settings.seed);
  let step = 0;
  for (let epoch = 0; epoch < settings.epochs; epoch++) {
    step = runEpoch(examples, fitted, settings, random, step);
  }
  return fitted;
}

function runEpoch(
  examples: readonly LabelledVector[],
  parameters: LinearParameters,
  settings: FitSettings,
  random: RandomSource,
  firstStep: number,
): number {
  const order = shuffle(Uint32Array.from(examples.keys()), random);
  const errors = new Float64Array(parameters.classes);
  let step = firstStep;
  let scale = 1;
  for (const position of order) {
    const { features, label } = examples[position]!;
    const rate = settings.learningRate / (1 + settings.learningRate * settings.l2 * step++);
    scores(parameters, features, scale, errors);
    softmaxInPlace(errors);
    errors[label]! -= 1;
    scale *= 1 - rate * settings.l2;
    addOuter(parameters, features, errors, -rate / scale);
    for (let c = 0; c < errors.length; c++) parameters.bias[c]! -= rate * errors[c]!;
    if (scale < SMALLEST_SCALE) scale = foldScale(parameters.weight, scale);
  }
  foldScale(parameters.weight, scale);
  return step;
}

/** Multiplies the weights by the scale and returns the new scale, 1. */
function foldScale(weight: Float64Array, scale: number): number {
  for (let i = 0; i < weight.length; i++) weight[i]! *= scale;
  return 1;
}

/** weight += factor * features (outer) errors. */
function addOuter(
  { weight, classes }: LinearParameters,
  { indices, values }: SparseVector,
  errors: Float64Array,
  factor: number,
): void {
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i]! * classes;
    const amount = factor * values[i]!;
    for (let c = 0; c < classes; c++) weight[row + c]! += amount * errors[c]!;
  }
}

function scores(
  { weight, bias, classes }: LinearParameters,
  { indices, values }: SparseVector,
  scale: number,
  into: Float64Array,
): void {
  into.fill(0);
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i]! * classes;
    for (let c = 0; c < classes; c++) into[c]! += values[i]! * weight[row + c]!;
  }
  for (let c = 0; c < classes; c++) into[c] = into[c]! * scale + bias[c]!;
}

/** Probabilities of the classes. */
export function predictProbabilities(
  parameters: LinearParameters,
  features: SparseVector,
): Float64Array {
  const probabilities = new Float64Array(parameters.classes);
  scores(parameters, features, 1, probabilities);
  softmaxInPlace(probabilities);
  return probabilities;
}

/** The objective above, for tests and for judging a learning rate. */
export function logisticLoss(
  examples: readonly LabelledVector[],
  parameters: LinearParameters,
  l2: number,
): number {
  let total = 0;
  for (const { features, label } of examples) {
    total -= Math.log(predictProbabilities(parameters, features)[label]!);
  }
  const squares = parameters.weight.reduce((sum, w) => sum + w * w, 0);
  return total / examples.length + (l2 / 2) * squares;
}

function softmaxInPlace(values: Float64Array): void {
  const largest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  let total = 0;
  for (let c = 0; c < values.length; c++) {
    values[c] = Math.exp(values[c]! - largest);
    total += values[c]!;
  }
  for (let c = 0; c < values.length; c++) values[c]! /= total;
}

function assertFitSettings({ epochs, learningRate, l2 }: FitSettings): void {
  if (!Number.isInteger(epochs) || epochs < 0) throw badInput(`epochs: ${epochs} is not a count`);
  if (!(learningRate > 0 && Number.isFinite(learningRate))) {
    throw badInput(`learningRate: ${learningRate} is not a positive number`);
  }
  if (!(l2 >= 0 && learningRate * l2 < 1)) {
    throw badInput(`l2: ${l2} is not from 0 up to 1 / learningRate (${1 / learningRate})`);
  }
}

function assertExample({ features, label }: LabelledVector, shape: LinearParameters): void {
  if (!Number.isInteger(label) || label < 0 || label >= shape.classes) {
    throw badInput(`label: ${label} is not one of the ${shape.classes} classes`);
  }
  const last = features.indices.at(-1) ?? 0;
  if (last < shape.features) return;
  throw badInput(`feature ${last}: the model has ${shape.features} features`);
}
