/** Bootstrap and randomisation against sacrebleu, with its own draws. */

import { describe, expect, it } from 'vitest';
import { metricOfKind } from '../../../src/task/metrics/registry.ts';
import { metricValue, statisticsTable } from '../../../src/task/metrics/statisticsTable.ts';
import {
  bootstrapPValue,
  bootstrapValues,
  percentileInterval,
  standardDeviation,
} from '../../../src/task/significance/bootstrap.ts';
import { bootstrapDraws, swapDraws } from '../../../src/task/significance/draws.ts';
import { randomisationTest, swappedValues } from '../../../src/task/significance/randomisation.ts';
import { expectClose, type ResamplingTable, tablesOf } from './oracles.ts';

const tables = tablesOf('resampling');

function measured(table: ResamplingTable) {
  const metric = metricOfKind(table.metric, 'texts');
  const [first, second] = [table.first, table.second].map((hypotheses) =>
    statisticsTable(
      metric,
      hypotheses.map((hypothesis, i) => ({ hypothesis, references: [table.references[i]!] })),
    ),
  );
  return { metric, first: first!, second: second! };
}

describe('bootstrap', () => {
  it.each(tables)('$id: scores, interval and p-value of the oracle', (oracle) => {
    const { metric, first, second } = measured(oracle);
    const { bootstrap, scores } = oracle.expected;
    const values = bootstrapValues(metric, first, oracle.bootstrapIndices);
    const others = bootstrapValues(metric, second, oracle.bootstrapIndices);
    values.forEach((value, i) => {
      expectClose(value, bootstrap.first[i]!, 1e-12);
      expectClose(others[i]!, bootstrap.second[i]!, 1e-12);
    });
    const differences = values.map((value, i) => value - others[i]!);
    const { low, high } = percentileInterval(differences);
    expectClose(low, bootstrap.percentile95[0]);
    expectClose(high, bootstrap.percentile95[1]);
    const notBetter = differences.filter((difference) => difference <= 0).length;
    expect(notBetter / differences.length).toBe(bootstrap.fractionFirstNotBetter);
    expectClose(bootstrapPValue(values, others, scores[0] - scores[1]), bootstrap.pCentred);
  });

  it('interpolates between draws, and measures their spread', () => {
    const values = Float64Array.of(4, 1, 3, 2, 5);
    expect(percentileInterval(values, 0.5)).toEqual({ low: 2, high: 4 });
    expect(percentileInterval(values, 0.8).low).toBeCloseTo(1.4, 14);
    expect(standardDeviation(values)).toBeCloseTo(Math.sqrt(2.5), 14);
  });

  it('calls identical systems equal', () => {
    const values = Float64Array.of(1, 2, 3);
    expect(bootstrapPValue(values, values, 0)).toBe(1);
  });
});

describe('randomisation', () => {
  it.each(tables)('$id: swapped scores and p-value of the oracle', (oracle) => {
    const { metric, first, second } = measured(oracle);
    const { randomization, scores } = oracle.expected;
    expectClose(metricValue(metric, first), scores[0], 1e-12);
    expectClose(metricValue(metric, second), scores[1], 1e-12);
    oracle.swapMasks.forEach((swaps, i) => {
      const [a, b] = swappedValues(metric, first, second, swaps);
      expectClose(a, randomization.pairs[i]![0], 1e-12);
      expectClose(b, randomization.pairs[i]![1], 1e-12);
    });
    expectClose(randomisationTest(metric, first, second, oracle.swapMasks), randomization.p);
  });
});

describe('draws', () => {
  it('repeat with their seed, are within the count, and change with the seed', () => {
    const taken = (seed: number) =>
      [...bootstrapDraws(40, { seed, resamples: 5 })].map((rows) => [...rows]);
    const rows = [...bootstrapDraws(40, { seed: 3, resamples: 50 })].flatMap((each) => [...each]);
    expect(taken(3)).toEqual(taken(3));
    expect(taken(3)).not.toEqual(taken(4));
    expect(rows.length).toBe(2000);
    expect(rows.every((row) => row >= 0 && row < 40)).toBe(true);
  });

  it('are uniform: every row and every swap as often as it should be', () => {
    const drawn = new Float64Array(10);
    for (const rows of bootstrapDraws(10, { resamples: 5000 }))
      for (const row of rows) drawn[row]!++;
    const swapped = new Float64Array(70);
    for (const swaps of swapDraws(70, { resamples: 5000 })) {
      swaps.forEach((swap, i) => {
        swapped[i]! += swap;
      });
    }
    // Five standard deviations of a count.
    for (const count of drawn) expect(Math.abs(count - 5000)).toBeLessThan(5 * Math.sqrt(4500));
    for (const count of swapped) expect(Math.abs(count - 2500)).toBeLessThan(5 * Math.sqrt(1250));
  });

  it('are as many as asked for', () => {
    expect([...swapDraws(3, { resamples: 7 })].length).toBe(7);
    expect(() => [...swapDraws(3, { resamples: 1 })]).toThrow(
      'resamples: 1 is not a whole number above 1',
    );
  });
});
