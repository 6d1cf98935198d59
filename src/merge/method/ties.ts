/**
 * ties: trim each task vector to its largest elements, elect a sign per element, and merge the
 * elements of that sign.
 *
 * Yadav et al., "TIES-merging: resolving interference when merging models", NeurIPS 2023.
 */

import { keepLargestShare, WEIGHT_AND_DENSITY } from './sparsify.ts';
import { defineTaskVectorMethod } from './taskVector.ts';

export const ties = defineTaskVectorMethod({
  name: 'ties',
  sparsifier: keepLargestShare,
  consensus: 'elect',
  normalize: true,
  rescale: false,
  modelParameters: WEIGHT_AND_DENSITY,
});
