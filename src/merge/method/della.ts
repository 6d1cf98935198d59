/**
 * della, della_linear: drop elements at random, the smaller of a row more often: the probability to
 * keep grows linearly with the rank of the magnitude from density - epsilon to density + epsilon;
 * divide each kept element by its probability; elect signs (della) or sum (della_linear).
 *
 * Deep, Bhardwaj and Poria, "DELLA-merging: reducing interference in model merging through
 * magnitude-based sampling", 2024 (arXiv 2406.11617).
 */

import { dropByRank, WEIGHT_DENSITY_EPSILON } from './sparsify.ts';
import { defineTaskVectorMethod } from './taskVector.ts';

const DELLA = {
  sparsifier: dropByRank,
  rescale: true,
  modelParameters: WEIGHT_DENSITY_EPSILON,
} as const;

export const della = defineTaskVectorMethod({
  ...DELLA,
  name: 'della',
  consensus: 'elect',
  normalize: true,
});

export const dellaLinear = defineTaskVectorMethod({
  ...DELLA,
  name: 'della_linear',
  consensus: 'sum',
  normalize: false,
});
