/**
 * Expected calibration error: how far confidence is from accuracy (C. Guo, G. Pleiss, Y. Sun and
 * K. Q. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017; after M. P. Naeini et al.,
 * AAAI 2015).
 *
 *     ECE = sum over bins b of n_b / n |accuracy_b - mean confidence_b|
 *
 * The confidence of an item is its largest probability. Bin i of m is (i/m, (i+1)/m]; the first also
 * holds 0. A high accuracy does not make it small, and a small one does not mean a good classifier.
 */

import { probabilitiesOf } from './labelItem.ts';
import type { LabelMetric, Statistics } from './metric.ts';

export interface CalibrationBin {
  /** (i/m, (i+1)/m] */
  readonly index: number;
  readonly itemCount: number;
  readonly meanConfidence: number;
  readonly accuracy: number;
}

/** Per bin: items, right ones, sum of confidences. */
const PER_BIN = 3;

export function calibrationError(binCount = 15): LabelMetric {
  return {
    name: 'ece',
    kind: 'labels',
    higherIsBetter: false,
    needsProbabilities: true,
    statistics: (item) => {
      const confidence = largest(probabilitiesOf(item, 'ece'));
      const right = item.choice === item.truth ? 1 : 0;
      const counts = new Float64Array(binCount * PER_BIN);
      counts.set([1, right, confidence], binOf(confidence, binCount) * PER_BIN);
      return counts;
    },
    value: (total) => {
      const bins = calibrationBins(total);
      const itemCount = bins.reduce((sum, bin) => sum + bin.itemCount, 0);
      return bins.reduce((sum, bin) => sum + (bin.itemCount / itemCount) * gapOf(bin), 0);
    },
  };
}

/** Those that hold items: the points of a reliability diagram. */
export function calibrationBins(total: Statistics): CalibrationBin[] {
  const bins: CalibrationBin[] = [];
  for (let index = 0; index * PER_BIN < total.length; index++) {
    const [itemCount, right, confidence] = total.subarray(index * PER_BIN);
    if (itemCount === 0) continue;
    bins.push({
      index,
      itemCount: itemCount!,
      meanConfidence: confidence! / itemCount!,
      accuracy: right! / itemCount!,
    });
  }
  return bins;
}

/** Of a bin; the largest of all bins is the maximum calibration error. */
export function gapOf({ accuracy, meanConfidence }: CalibrationBin): number {
  return Math.abs(accuracy - meanConfidence);
}

/** The edges are the doubles i/m, with which ceil(confidence * m) does not always agree. */
function binOf(confidence: number, binCount: number): number {
  let bin = 0;
  while (bin < binCount - 1 && confidence > (bin + 1) / binCount) bin++;
  return bin;
}

function largest(values: ArrayLike<number>): number {
  let most = values[0]!;
  for (let k = 1; k < values.length; k++) most = Math.max(most, values[k]!);
  return most;
}
