/**
 * Micro-averaged F1: precision and recall over the decisions of all classes together.
 *
 *     F1 = 2 TP / (2 TP + FP + FN)
 *
 * Where every item has one true and one predicted label, each error is a false positive of one class
 * and a false negative of another, so that FP = FN and micro F1 is the accuracy.
 */

import type { LabelMetric } from './metric.ts';

export const microF1: LabelMetric = {
  name: 'micro_f1',
  kind: 'labels',
  higherIsBetter: true,
  needsProbabilities: false,
  /** True positives, false positives and false negatives together. */
  statistics: ({ truth, choice }) =>
    truth === choice ? Float64Array.of(1, 0) : Float64Array.of(0, 2),
  value: (total) => (2 * total[0]!) / (2 * total[0]! + total[1]!),
};
