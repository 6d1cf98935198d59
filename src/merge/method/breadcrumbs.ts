/**
 * breadcrumbs, breadcrumbs_ties: drop both the largest (outliers) and the smallest (noise) elements
 * of each task vector, and sum, or elect signs (ties).
 *
 * Davari and Belilovsky, "Model breadcrumbs: scaling multi-task model merging with sparse masks",
 * ECCV 2024.
 */

import { keepBand, WEIGHT_DENSITY_GAMMA } from './sparsify.ts';
import { defineTaskVectorMethod } from './taskVector.ts';

const BREADCRUMBS = {
  sparsifier: keepBand,
  normalize: false,
  rescale: false,
  modelParameters: WEIGHT_DENSITY_GAMMA,
} as const;

export const breadcrumbs = defineTaskVectorMethod({
  ...BREADCRUMBS,
  name: 'breadcrumbs',
  consensus: 'sum',
});

export const breadcrumbsTies = defineTaskVectorMethod({
  ...BREADCRUMBS,
  name: 'breadcrumbs_ties',
  consensus: 'elect',
});
