/**
 * Brier score: the squared distance between the probabilities and the truth (G. W. Brier,
 * "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather Review 78, 1950).
 *
 *     score = mean over items of sum over classes of (p_k - y_k)^2,   y_k = 1 for the truth, else 0
 *
 * It runs from 0 to 2. For two classes the score of the second alone, mean of (p_1 - y_1)^2, is also
 * in use: it is half of this one.
 */

import { meanStatistics, meanValue } from './itemMean.ts';
import { probabilitiesOf } from './labelItem.ts';
import type { LabelMetric } from './metric.ts';

export const brier: LabelMetric = {
  name: 'brier',
  kind: 'labels',
  higherIsBetter: false,
  needsProbabilities: true,
  statistics: (item) => {
    const probabilities = probabilitiesOf(item, 'brier');
    let squares = 0;
    for (let k = 0; k < item.classCount; k++) {
      squares += (probabilities[k]! - (k === item.truth ? 1 : 0)) ** 2;
    }
    return meanStatistics(squares);
  },
  value: meanValue,
};
