/**
 * task_arithmetic: theta = base + lambda sum_i w_i (theta_i - base).
 *
 * Ilharco et al., "Editing models with task arithmetic", ICLR 2023.
 */

import { keepAll, WEIGHT_AND_DENSITY } from './sparsify.ts';
import { defineTaskVectorMethod } from './taskVector.ts';

export const taskArithmetic = defineTaskVectorMethod({
  name: 'task_arithmetic',
  sparsifier: keepAll,
  consensus: 'sum',
  normalize: false,
  rescale: false,
  modelParameters: WEIGHT_AND_DENSITY,
});
