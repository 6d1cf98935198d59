/**
 * linear: the weighted mean of the parameters, theta = sum_i w_i theta_i / sum_i w_i; with weight 1
 * each it is theta = 1/n sum_i theta_i.
 *
 * Utans, "Weight averaging for neural networks and local resampling schemes", AAAI workshop 1996;
 * Wortsman et al., "Model soups", ICML 2022.
 */

import { badInput } from '../../errors.ts';
import { defineMethod, flagOf, numberOf, type TensorMerge, write } from './method.ts';

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
    weightsOf(tensor);
    return [];
  },
  *passes(tensor, machine) {
    const list = machine.list(machine.inputs);
    const weights = machine.numbers(weightsOf(tensor));
    const k = machine.inputs.length;
    yield write(({ count }) => machine.kernels.weightedSum(list, weights, k, machine.out, count));
  },
});

function weightsOf(tensor: TensorMerge): number[] {
  const weights = tensor.models.map((model) => numberOf(model, 'weight'));
  if (!flagOf(tensor.globals, 'normalize')) return weights;
  const sum = weights.reduce((a, b) => a + b, 0);
  if (Math.abs(sum) < SMALLEST_SUM) {
    throw badInput(
      `tensor "${tensor.name}": the weights [${weights.join(', ')}] sum to ${sum}; ` +
        'linear cannot normalize them (set normalize: false or change a weight)',
    );
  }
  return weights.map((weight) => weight / sum);
}
