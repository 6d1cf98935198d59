/**
 * nuslerp: slerp with two weights, t = w2 / (w1 + w2), on the models or, with a base model, on their
 * task vectors; of whole tensors, or (nuslerp_flatten: false) of each row, or (nuslerp_row_wise:
 * true, the name is inverted in mergekit and kept) of each column. Only exactly parallel vectors are
 * interpolated linearly.
 *
 * Shoemake 1985, as slerp; the weights and the groupings are mergekit's.
 */

import { defineGramMethod, type Gram, type Grouping } from './gram.ts';
import { flagOf, numberOf, type TensorMerge } from './method.ts';
import { arcCoefficients, cosineOf } from './slerp.ts';

/**
 * An inner product in float64 tells parallel vectors to about 1e-8. Below this limit the arc of
 * parallel vectors is the line to far beyond float32, and that of opposite ones has no direction.
 */
const SMALLEST_SINE = 1e-6;

export const nuslerp = defineGramMethod({
  name: 'nuslerp',
  base: 'optional',
  inputs: { min: 2, max: 2 },
  modelParameters: { weight: { type: 'number', description: "The model's weight." } },
  globalParameters: {
    nuslerp_flatten: {
      type: 'boolean',
      default: true,
      description: 'One angle for the whole tensor.',
    },
    nuslerp_row_wise: {
      type: 'boolean',
      default: false,
      description: 'Without flatten: one angle per column instead of per row.',
    },
  },
  grouping,
  coefficients(gram, tensor) {
    const [first, second] = tensor.models.map((model) => numberOf(model, 'weight'));
    return nuslerpCoefficients(gram, first!, second!);
  },
});

function grouping(tensor: TensorMerge): Grouping {
  if (flagOf(tensor.globals, 'nuslerp_flatten') || !tensor.isMatrix) return 'tensor';
  return flagOf(tensor.globals, 'nuslerp_row_wise') ? 'column' : 'row';
}

export function nuslerpCoefficients(gram: Gram, first: number, second: number): [number, number] {
  const sum = first + second;
  const t = sum === 0 ? 0.5 : second / sum;
  const theta = Math.acos(cosineOf(gram, 0, 1));
  if (Math.abs(Math.sin(theta)) < SMALLEST_SINE) return [1 - t, t];
  return arcCoefficients(theta, t);
}
