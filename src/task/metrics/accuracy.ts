/** Accuracy: the share of items whose label is right, from 0 to 1. */

import { meanStatistics, meanValue } from './itemMean.ts';
import type { LabelMetric } from './metric.ts';

export const accuracy: LabelMetric = {
  name: 'accuracy',
  kind: 'labels',
  higherIsBetter: true,
  needsProbabilities: false,
  statistics: ({ truth, choice }) => meanStatistics(truth === choice ? 1 : 0),
  value: meanValue,
};
