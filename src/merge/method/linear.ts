/**
 * linear: the weighted mean of the parameters, theta = sum_i w_i theta_i / sum_i w_i; with weight 1
 * each it is theta = 1/n sum_i theta_i.
 *
 * Utans, "Weight averaging for neural networks and local resampling schemes", AAAI workshop 1996;
 * Wortsman et al., "Model soups", ICML 2022.
 */

import { badInput } from '../../errors.ts';
import {
  defineMethod,
  flagOf,
  inputVectors,
  numberOf,
  type TensorMerge,
  writeWeightedSum,
} from './method.ts';

const SMALLEST_SUM = 1e-8;

export const linear = defineMethod({
  name: 'linear',
  base: 'none',
  inputs: { min: 1 },
  modelParameters: { weight: { type: 'number', description: "The model's weight." } },
  globalParameters: {
    normalize: {
      type: 'boolean',
      default: true,
      description: 'Divide by the sum of the weights.',
    },
  },
  scratchBytes: () => 4096,
  check(tensor) {
    divisorOf(tensor);
    return [];
  },
  *passes(tensor, machine) {
    const weights = machine.numbers(weightsOf(tensor));
    yield writeWeightedSum(machine, inputVectors(machine), weights, divisorOf(tensor));
  },
});

function weightsOf(tensor: TensorMerge): number[] {
  return tensor.models.map((model) => numberOf(model, 'weight'));
}

function divisorOf(tensor: TensorMerge): number {
  if (!flagOf(tensor.globals, 'normalize')) return 1;
  const weights = weightsOf(tensor);
  const sum = weights.reduce((a, b) => a + b, 0);
  if (Math.abs(sum) >= SMALLEST_SUM) return Math.fround(sum) === 1 ? 1 : sum;
  throw badInput(
    `tensor "${tensor.name}": the weights [${weights.join(', ')}] sum to ${sum}; ` +
      'linear cannot normalize them (set normalize: false or change a weight)',
  );
}
