/**
 * model_stock: between the base model and the mean of the others, as near to the mean as the angle
 * between their task vectors suggests,
 *
 *   t = n c / (1 + (n - 1) c),   theta = t mean + (1 - t) base,
 *
 * c being the mean cosine over pairs of task vectors, per tensor or (filter_wise) per row.
 *
 * Jang, Yun and Han, "Model Stock: all we need is just a few fine-tuned models", ECCV 2024.
 */

import { defineGramMethod, type Gram, normOf } from './gram.ts';
import { flagOf } from './method.ts';

export const modelStock = defineGramMethod({
  name: 'model_stock',
  base: 'required',
  inputs: { min: 2 },
  modelParameters: {},
  globalParameters: {
    filter_wise: {
      type: 'boolean',
      default: false,
      description: 'One interpolation ratio per row instead of one per tensor.',
    },
  },
  grouping: (tensor) =>
    flagOf(tensor.globals, 'filter_wise') && tensor.isMatrix ? 'row' : 'tensor',
  coefficients: modelStockCoefficients,
});

/** Below this the task vectors cancel out, so that there is no mean to move to. */
const SMALLEST_DENOMINATOR = 1e-8;

export function modelStockCoefficients(gram: Gram): number[] {
  const n = gram.size;
  const cosine = meanCosine(gram);
  const denominator = 1 + (n - 1) * cosine;
  const t = Math.abs(denominator) < SMALLEST_DENOMINATOR ? 0 : (n * cosine) / denominator;
  return Array.from({ length: n }, () => t / n);
}

/** A task vector of zeros is orthogonal to all others. */
function meanCosine(gram: Gram): number {
  let sum = 0;
  let pairs = 0;
  for (let i = 0; i < gram.size; i++) {
    for (let j = i + 1; j < gram.size; j++, pairs++) {
      const scale = normOf(gram, i) * normOf(gram, j);
      if (scale > 0) sum += Math.min(1, Math.max(-1, gram.at(i, j) / scale));
    }
  }
  return sum / pairs;
}
