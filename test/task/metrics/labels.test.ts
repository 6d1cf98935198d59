import { describe, expect, it } from 'vitest';
import { accuracy } from '../../../src/task/metrics/accuracy.ts';
import { brier } from '../../../src/task/metrics/brier.ts';
import {
  calibrationBins,
  calibrationError,
  gapOf,
} from '../../../src/task/metrics/calibrationError.ts';
import { logLoss } from '../../../src/task/metrics/logLoss.ts';
import { classF1s, macroF1 } from '../../../src/task/metrics/macroF1.ts';
import type { LabelItem } from '../../../src/task/metrics/metric.ts';
import { microF1 } from '../../../src/task/metrics/microF1.ts';
import { measure, statisticsTable, sumRows } from '../../../src/task/metrics/statisticsTable.ts';
import { labelItems, metricsOracle } from './oracles.ts';

/** Decimals that agree. */
const DIGITS = 12;

describe.each(metricsOracle.tables)('scikit-learn: $id', (table) => {
  const { expected } = table;
  const items = labelItems(table);

  it('agrees on labels', () => {
    expect(measure(accuracy, items)).toBeCloseTo(expected.accuracy, DIGITS);
    expect(measure(microF1, items)).toBeCloseTo(expected.microF1, DIGITS);
    expect(measure(macroF1('all'), items)).toBeCloseTo(expected.macroF1, DIGITS);
    expect(measure(macroF1(), items)).toBeCloseTo(expected.macroF1PresentClasses, DIGITS);
    const scores = classF1s(sumRows(statisticsTable(macroF1(), items)));
    expected.perClass.f1.forEach((f1, k) => {
      expect(scores[k] ?? 0).toBeCloseTo(f1, DIGITS);
    });
  });

  it('agrees on probabilities', () => {
    expect(measure(logLoss(), items)).toBeCloseTo(expected.logLoss, DIGITS);
    const unclipped = Number(expected.logLossUnclipped);
    if (unclipped === Infinity) expect(measure(logLoss(0), items)).toBe(Infinity);
    else expect(measure(logLoss(0), items)).toBeCloseTo(unclipped, DIGITS);
    const score = measure(brier, items);
    expect(score).toBeCloseTo(expected.brier, DIGITS);
    if (expected.brierBinary) expect(score / 2).toBeCloseTo(expected.brierBinary, DIGITS);
  });

  it('agrees on calibration', () => {
    const total = sumRows(statisticsTable(calibrationError(), items));
    const bins = calibrationBins(total);
    expect(calibrationError().value(total)).toBeCloseTo(expected.ece15, DIGITS);
    expect(Math.max(...bins.map(gapOf))).toBeCloseTo(expected.maxCalibrationError15, DIGITS);
    expect(bins.map(({ index, itemCount }) => [index, itemCount])).toEqual(
      expected.bins15.map(([index, count]) => [index, count]),
    );
    bins.forEach((bin, i) => {
      expect(bin.meanConfidence).toBeCloseTo(expected.bins15[i]![2], DIGITS);
      expect(bin.accuracy).toBeCloseTo(expected.bins15[i]![3], DIGITS);
    });
  });
});

function item(truth: number, choice: number, ...probabilities: number[]): LabelItem {
  return { classCount: probabilities.length, truth, choice, probabilities };
}

describe('by hand', () => {
  // Class 0: TP 1, FP 1, FN 0: 2/3. Class 1: TP 1, FP 0, FN 1: 2/3. Class 2: nowhere.
  const three = [item(0, 0, 0.5, 0.3, 0.2), item(1, 1, 0.1, 0.8, 0.1), item(1, 0, 0.6, 0.4, 0)];

  it('accuracy and F1', () => {
    expect(measure(accuracy, three)).toBe(2 / 3);
    expect(measure(microF1, three)).toBe(4 / 6);
    expect(measure(macroF1(), three)).toBe(2 / 3);
    expect(measure(macroF1('all'), three)).toBe(4 / 9);
    expect(classF1s(sumRows(statisticsTable(macroF1(), three)))).toEqual([2 / 3, 2 / 3, undefined]);
  });

  it('log loss and Brier score', () => {
    expect(measure(logLoss(), three)).toBeCloseTo(-Math.log(0.5 * 0.8 * 0.4) / 3, DIGITS);
    const squares = [0.25 + 0.09 + 0.04, 0.01 + 0.04 + 0.01, 0.36 + 0.36];
    expect(measure(brier, three)).toBeCloseTo(
      (squares[0]! + squares[1]! + squares[2]!) / 3,
      DIGITS,
    );
  });

  it('calibration error', () => {
    // Two bins, (0, .5] and (.5, 1]: |1 - .5| of one item, |1/2 - .7| of two.
    expect(measure(calibrationError(2), three)).toBeCloseTo(0.5 / 3 + (0.2 * 2) / 3, DIGITS);
    // An edge belongs to the bin below it; 0 belongs to the first.
    const edges = [item(0, 0, 0.5), item(0, 0, 0.5000001), item(0, 0, 0), item(0, 0, 1)];
    const bins = calibrationBins(sumRows(statisticsTable(calibrationError(2), edges)));
    expect(bins.map(({ itemCount }) => itemCount)).toEqual([2, 2]);
  });
});

describe('odd input', () => {
  it('clips the probability of the truth as scikit-learn does', () => {
    expect(measure(logLoss(), [item(1, 0, 1, 0)])).toBe(-Math.log(2 ** -52));
    expect(measure(logLoss(), [item(0, 0, 1, 0)])).toBe(-Math.log(1 - 2 ** -52));
    expect(measure(logLoss(0), [item(1, 0, 1, 0)])).toBe(Infinity);
    expect(measure(logLoss(0), [item(0, 0, 1, 0)])).toBe(0);
  });

  it('takes a task of one class', () => {
    const one = [item(0, 0, 1), item(0, 0, 1)];
    for (const metric of [accuracy, microF1, macroF1(), macroF1('all')]) {
      expect(measure(metric, one)).toBe(1);
    }
    expect(measure(brier, one)).toBe(0);
    expect(measure(calibrationError(), one)).toBe(0);
  });

  it('refuses what it cannot measure', () => {
    expect(() => measure(accuracy, [])).toThrow('metric "accuracy": there are no items to measure');
    const bare = { classCount: 2, truth: 0, choice: 0 };
    expect(measure(accuracy, [bare])).toBe(1);
    for (const metric of [logLoss(), brier, calibrationError()]) {
      expect(() => measure(metric, [bare])).toThrow(
        `metric "${metric.name}" needs the probability of every class`,
      );
    }
    expect(() => measure(macroF1(), [item(0, 0, 1, 0), item(0, 0, 1, 0, 0)])).toThrow(
      'metric "macro_f1": item 1 has 9 statistics and item 0 has 6',
    );
  });
});
