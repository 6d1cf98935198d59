import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/numeric/random.ts';
import { accuracy } from '../../../src/task/metrics/accuracy.ts';
import { exactMatch } from '../../../src/task/metrics/exactMatch.ts';
import type { LabelItem } from '../../../src/task/metrics/metric.ts';
import { perplexity } from '../../../src/task/metrics/perplexity.ts';
import { METRICS } from '../../../src/task/metrics/registry.ts';
import {
  type StatisticsTable,
  statisticsTable,
} from '../../../src/task/metrics/statisticsTable.ts';
import { compareSystems, scoreInterval } from '../../../src/task/significance/compareSystems.ts';
import { pairCounts } from '../../../src/task/significance/correctness.ts';
import { mcnemarTest } from '../../../src/task/significance/mcnemar.ts';
import { groupPlaces, unitTable } from '../../../src/task/significance/unitTable.ts';
import { expectClose } from './oracles.ts';

const OPTIONS = { seed: 7, resamples: 200 };

function accuracyTable(right: readonly boolean[]): StatisticsTable {
  return statisticsTable(
    accuracy,
    right.map((each): LabelItem => ({ classCount: 2, truth: 1, choice: each ? 1 : 0 })),
  );
}

/** Of any metric's kind, from seeded draws. */
function anyTable(metric: (typeof METRICS)[number], seed: number, count: number): StatisticsTable {
  const random = seededRandom(seed);
  const draw = (bound: number) => random.nextUint32() % bound;
  const items = Array.from({ length: count }, (_, i) => i);
  if (metric.kind === 'labels') {
    return statisticsTable(
      metric,
      items.map((i) => {
        const p = (draw(99) + 0.5) / 100;
        return { classCount: 2, truth: i % 2, choice: p > 0.5 ? 1 : 0, probabilities: [1 - p, p] };
      }),
    );
  }
  if (metric.kind === 'texts') {
    const words = ['a', 'cat', 'sat', 'on', 'the', 'mat', 'today', '.'];
    return statisticsTable(
      metric,
      items.map((i) => ({
        hypothesis: words.filter((_, k) => k === i % 8 || draw(6) > 0).join(' '),
        references: [words.join(' ')],
      })),
    );
  }
  return statisticsTable(
    metric,
    items.map(() => ({ logProbability: -draw(50) - 1, tokenCount: 1 + draw(9), byteCount: 20 })),
  );
}

const answers = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 2, maxLength: 40 });

describe('compareSystems', () => {
  it.each(METRICS)('$name: identical systems have p = 1 and ties alone', (metric) => {
    const table = anyTable(metric, 1, 30);
    const found = compareSystems(metric, table, table, OPTIONS);
    expect(found).toMatchObject({ difference: 0, p: 1, standardError: 0, wins: 0, losses: 0 });
    expect(found.interval).toEqual({ low: 0, high: 0 });
    expect(found.ties).toBe(30);
  });

  it.each(METRICS)('$name: exchanging the systems turns all signs', (metric) => {
    const [a, b] = [anyTable(metric, 1, 30), anyTable(metric, 2, 30)];
    const [found, turned] = [
      compareSystems(metric, a, b, OPTIONS),
      compareSystems(metric, b, a, OPTIONS),
    ];
    expect(turned.p).toBe(found.p);
    expect(turned.difference + found.difference).toBe(0);
    expectClose(turned.interval.low, -found.interval.high, 1e-12);
    expectClose(turned.interval.high, -found.interval.low, 1e-12);
    expectClose(turned.standardError, found.standardError, 1e-12);
    expect([turned.wins, turned.losses, turned.ties]).toEqual([
      found.losses,
      found.wins,
      found.ties,
    ]);
  });

  it('counts a lower value as a win where lower is better', () => {
    const table = (...logProbabilities: number[]) =>
      statisticsTable(
        perplexity,
        logProbabilities.map((logProbability) => ({ logProbability, tokenCount: 1, byteCount: 1 })),
      );
    const found = compareSystems(perplexity, table(-1, -2, -3), table(-2, -2, -5), OPTIONS);
    expect(found).toMatchObject({ wins: 2, losses: 0, ties: 1 });
    expect(found.difference).toBeLessThan(0);
  });

  it('does not call a difference of one item significant', () => {
    const same = new Array<boolean>(50).fill(true);
    const found = compareSystems(
      accuracy,
      accuracyTable(same),
      accuracyTable([false, ...same.slice(1)]),
    );
    // Whichever way the one item falls, the difference is as large.
    expect(found.p).toBe(1);
  });

  it('approaches the exact p-value of McNemar as swaps increase', () => {
    const first = Array.from({ length: 60 }, (_, i) => i % 10 !== 0);
    const second = first.map((right, i) => (i % 4 === 1 ? !right : right));
    const resamples = 20_000;
    const found = compareSystems(accuracy, accuracyTable(first), accuracyTable(second), {
      resamples,
    });
    const { exact } = mcnemarTest(pairCounts(first, second));
    const spread = 4 * Math.sqrt((exact * (1 - exact)) / resamples) + 1 / resamples;
    expect(exact).toBeLessThan(0.05);
    expect(Math.abs(found.p - exact)).toBeLessThan(spread);
  });

  it('has an error near that of the formula for a mean difference', () => {
    const first = Array.from({ length: 400 }, (_, i) => i % 3 !== 0);
    const second = Array.from({ length: 400 }, (_, i) => i % 7 < 4);
    const differences = first.map((right, i) => Number(right) - Number(second[i]));
    const mean = differences.reduce((sum, d) => sum + d, 0) / 400;
    const squares = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0);
    const exact = Math.sqrt(squares) / 400;
    const found = compareSystems(accuracy, accuracyTable(first), accuracyTable(second), {
      resamples: 4000,
    });
    expect(found.difference).toBeCloseTo(mean, 12);
    // A standard deviation of 4,000 draws is known to 1.1 %; four times that.
    expect(Math.abs(found.standardError / exact - 1)).toBeLessThan(0.045);
    expect(Math.abs(found.interval.low - (mean - 1.96 * exact))).toBeLessThan(0.2 * exact);
    expect(Math.abs(found.interval.high - (mean + 1.96 * exact))).toBeLessThan(0.2 * exact);
  });

  it('has p in (0, 1], an ordered interval, and counts that add up', () => {
    fc.assert(
      fc.property(answers, (pairs) => {
        const [a, b] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
        const found = compareSystems(accuracy, accuracyTable(a), accuracyTable(b), OPTIONS);
        const counts = pairCounts(a, b);
        expect(found.p).toBeGreaterThan(0);
        expect(found.p).toBeLessThanOrEqual(1);
        expect(found.interval.low).toBeLessThanOrEqual(found.interval.high);
        expect(found).toMatchObject({
          wins: counts.onlyFirstRight,
          losses: counts.onlySecondRight,
          ties: counts.bothRight + counts.bothWrong,
        });
      }),
    );
  });

  it('repeats with its seed', () => {
    const [a, b] = [anyTable(exactMatch, 3, 30), anyTable(exactMatch, 4, 30)];
    expect(compareSystems(exactMatch, a, b, OPTIONS)).toEqual(
      compareSystems(exactMatch, a, b, OPTIONS),
    );
  });

  it('refuses tables of other items, a value that is none, and a single item', () => {
    const [two, three] = [accuracyTable([true, false]), accuracyTable([true, false, true])];
    expect(() => compareSystems(accuracy, two, three)).toThrow(
      'metric "accuracy": statistics of shape [2, 2] and of shape [3, 2] are not of the same items',
    );
    const none = statisticsTable(perplexity, [
      { logProbability: 0, tokenCount: 0, byteCount: 0 },
      { logProbability: 0, tokenCount: 0, byteCount: 0 },
    ]);
    expect(() => scoreInterval(perplexity, none)).toThrow('the value of all items is NaN');
    expect(() => scoreInterval(accuracy, accuracyTable([true]))).toThrow('at least 2 items, not 1');
  });
});

describe('groups', () => {
  it('of one item each change nothing', () => {
    const [a, b] = METRICS.slice(0, 1).flatMap((metric) => [
      anyTable(metric, 1, 30),
      anyTable(metric, 2, 30),
    ]) as [StatisticsTable, StatisticsTable];
    const groups = Array.from({ length: 30 }, (_, i) => `document ${i}`);
    expect(compareSystems(accuracy, a, b, { ...OPTIONS, groups })).toEqual(
      compareSystems(accuracy, a, b, OPTIONS),
    );
  });

  it('of equal items are worth one item each', () => {
    const right = Array.from({ length: 40 }, (_, i) => i % 3 === 0);
    const copies = right.flatMap((each) => [each, each, each, each]);
    const groups = copies.map((_, i) => Math.floor(i / 4));
    const grouped = scoreInterval(accuracy, accuracyTable(copies), { ...OPTIONS, groups });
    expect(grouped).toEqual(scoreInterval(accuracy, accuracyTable(right), OPTIONS));
  });

  it('add up the rows of a group, wherever they stand', () => {
    const table = { itemCount: 4, width: 2, values: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
    expect(unitTable(table, ['x', 'y', 'x', 'y'])).toEqual({
      itemCount: 2,
      width: 2,
      values: Float64Array.of(6, 8, 10, 12),
    });
    expect([...groupPlaces([9, 4, 9, 'a'], 4)]).toEqual([0, 1, 0, 2]);
  });

  it('are refused where they are not of the items, or only one', () => {
    const table = accuracyTable([true, false, true]);
    expect(() => scoreInterval(accuracy, table, { groups: [1, 2] })).toThrow(
      'groups: 2 are given for 3 items',
    );
    expect(() => scoreInterval(accuracy, table, { groups: [1, 1, 1] })).toThrow(
      'at least 2 groups, not 1',
    );
  });
});
