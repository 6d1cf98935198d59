/**
 * Log loss (cross-entropy): minus the logarithm of the probability that the truth was given (I. J.
 * Good, "Rational Decisions", 1952).
 *
 *     loss = mean of -ln(min(1 - e, max(e, p_truth))),   e = 2^-52
 *
 * As in scikit-learn: a probability of 0 for the truth costs 36.04 (-ln e) and not infinity, one of 1
 * costs e and not 0, and probabilities that do not sum to 1 are taken as they are.
 */

import { meanStatistics, meanValue } from './itemMean.ts';
import { probabilitiesOf } from './labelItem.ts';
import type { LabelMetric } from './metric.ts';

/** @param clip e; with 0 one truth of probability 0 makes the loss infinite */
export function logLoss(clip: number = Number.EPSILON): LabelMetric {
  return {
    name: 'log_loss',
    kind: 'labels',
    higherIsBetter: false,
    needsProbabilities: true,
    statistics: (item) => {
      const p = probabilitiesOf(item, 'log_loss')[item.truth]!;
      // Subtracted from 0, because minus the logarithm of 1 would be -0.
      return meanStatistics(0 - Math.log(Math.min(1 - clip, Math.max(clip, p))));
    },
    value: meanValue,
  };
}
