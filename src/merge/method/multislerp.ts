/**
 * multislerp: the direction of sum_i w_i v_i / |v_i| with the length sum_i w_i |v_i|, on the models
 * or, with a base model, on their task vectors.
 *
 * A one-step approximation of the weighted spherical mean (Buss and Fillmore, "Spherical averages
 * and applications to spherical splines and interpolation", 2001).
 */

import { badInput } from '../../errors.ts';
import { defineGramMethod, type Gram, normOf } from './gram.ts';
import { flagOf, numberOf, type TensorMerge } from './method.ts';

const SMALLEST_SUM = 1e-8;
/** A sum of unit vectors that is shorter than this share of them is rounding, not a direction. */
const SMALLEST_DIRECTION = 1e-6;

export const multislerp = defineGramMethod({
  name: 'multislerp',
  base: 'optional',
  inputs: { min: 2 },
  modelParameters: { weight: { type: 'number', description: "The model's weight." } },
  globalParameters: {
    normalize_weights: {
      type: 'boolean',
      default: true,
      description: 'Divide the weights by their sum.',
    },
    eps: {
      type: 'number',
      default: 1e-8,
      description: 'Shorter vectors have no direction and are left out of it.',
    },
  },
  check(tensor) {
    weightsOf(tensor);
    return [];
  },
  coefficients: (gram, tensor) =>
    multislerpCoefficients(gram, weightsOf(tensor), numberOf(tensor.globals, 'eps')),
});

function weightsOf(tensor: TensorMerge): number[] {
  const weights = tensor.models.map((model) => numberOf(model, 'weight'));
  if (!flagOf(tensor.globals, 'normalize_weights')) return weights;
  const sum = weights.reduce((a, b) => a + b, 0);
  if (Math.abs(sum) < SMALLEST_SUM) {
    throw badInput(
      `tensor "${tensor.name}": the weights [${weights.join(', ')}] sum to ${sum}; multislerp ` +
        'cannot normalize them (set normalize_weights: false or change a weight)',
    );
  }
  return weights.map((weight) => weight / sum);
}

/** Opposite directions that cancel out leave none; then the plain weighted sum is the result. */
export function multislerpCoefficients(
  gram: Gram,
  weights: readonly number[],
  eps: number,
): number[] {
  const norms = weights.map((_, i) => normOf(gram, i));
  const toUnit = weights.map((weight, i) => (norms[i]! > eps ? weight / norms[i]! : 0));
  let squared = 0;
  for (let i = 0; i < weights.length; i++) {
    for (let j = 0; j < weights.length; j++) squared += toUnit[i]! * toUnit[j]! * gram.at(i, j);
  }
  const direction = Math.sqrt(Math.max(0, squared));
  const longest = weights.reduce((sum, weight) => sum + Math.abs(weight), 0);
  if (direction <= Math.max(eps, SMALLEST_DIRECTION * longest)) return [...weights];
  const length = weights.reduce((sum, weight, i) => sum + weight * norms[i]!, 0);
  return toUnit.map((weight) => (weight * length) / direction);
}
