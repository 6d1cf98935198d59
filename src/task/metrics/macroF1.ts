/**
 * Macro-averaged F1: the mean of the classes' F1, so that a rare class counts as a common one.
 *
 *     F1_k = 2 TP_k / (2 TP_k + FP_k + FN_k),   macro F1 = mean over k of F1_k
 *
 * This is the mean of the F1s, not the F1 of mean precision and mean recall; the two differ (J. Opitz
 * and S. Burst, "Macro F1 and Macro F1", 2019, arXiv:1911.03347). A class that is neither true nor
 * predicted anywhere is left out, as scikit-learn does by default, or counts as 0.
 */

import type { LabelMetric, Statistics } from './metric.ts';

/** `present`: those that are the truth or the choice of some item. */
export type AveragedClasses = 'present' | 'all';

/** Per class: how often it is right, true, chosen. */
const PER_CLASS = 3;

export function macroF1(over: AveragedClasses = 'present'): LabelMetric {
  return {
    name: 'macro_f1',
    kind: 'labels',
    higherIsBetter: true,
    needsProbabilities: false,
    statistics: ({ classCount, truth, choice }) => {
      const counts = new Float64Array(classCount * PER_CLASS);
      if (truth === choice) counts[truth * PER_CLASS] = 1;
      counts[truth * PER_CLASS + 1] = 1;
      counts[choice * PER_CLASS + 2] = 1;
      return counts;
    },
    value: (total) => {
      const scores = classF1s(total);
      const averaged = over === 'all' ? scores : scores.filter((score) => score !== undefined);
      return averaged.reduce((sum: number, score) => sum + (score ?? 0), 0) / averaged.length;
    },
  };
}

/** By class, from the statistics of macro F1; undefined for a class that does not occur. */
export function classF1s(total: Statistics): (number | undefined)[] {
  return Array.from({ length: total.length / PER_CLASS }, (_, k) => {
    const [right, isTrue, chosen] = total.subarray(k * PER_CLASS);
    const occurrences = isTrue! + chosen!;
    return occurrences === 0 ? undefined : (2 * right!) / occurrences;
  });
}
