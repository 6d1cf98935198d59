/**
 * dare_linear, dare_ties: drop each element of a task vector with probability 1 - density, divide
 * the kept ones by density, and sum (linear) or elect signs (ties).
 *
 * Yu et al., "Language models are Super Mario: absorbing abilities from homologous models as a free
 * lunch", ICML 2024.
 */

import { dropAtRandom, WEIGHT_AND_DENSITY } from './sparsify.ts';
import { defineTaskVectorMethod } from './taskVector.ts';

const DARE = {
  sparsifier: dropAtRandom,
  normalize: false,
  rescale: true,
  modelParameters: WEIGHT_AND_DENSITY,
} as const;

export const dareLinear = defineTaskVectorMethod({
  ...DARE,
  name: 'dare_linear',
  consensus: 'sum',
});

export const dareTies = defineTaskVectorMethod({ ...DARE, name: 'dare_ties', consensus: 'elect' });
