import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chrf } from '../../../src/task/metrics/chrf.ts';
import type {
  LabelItem,
  LikelihoodItem,
  Metric,
  MetricOver,
  TextItem,
} from '../../../src/task/metrics/metric.ts';
import { METRICS, metricOfKind } from '../../../src/task/metrics/registry.ts';
import {
  measure,
  metricValue,
  statisticsTable,
  sumRows,
} from '../../../src/task/metrics/statisticsTable.ts';
import { alignmentOf } from '../../../src/task/metrics/terAlignment.ts';
import { createGrid, distanceIn, fillRows } from '../../../src/task/metrics/terDistance.ts';
import { terEdits } from '../../../src/task/metrics/terEdits.ts';

const word = fc.constantFrom('a', 'b', 'c', 'The', 'cat', 'x.', '"y', '3,5', 'é', '😀', '日本');
const text = fc.array(word, { maxLength: 12 }).map((words) => words.join(' '));
const longText = fc.array(word, { minLength: 4, maxLength: 12 }).map((words) => words.join(' '));
const textItem: fc.Arbitrary<TextItem> = fc.record({
  hypothesis: text,
  references: fc.array(text, { minLength: 1, maxLength: 3 }),
});

const CLASSES = 3;
const labelItem: fc.Arbitrary<LabelItem> = fc
  .record({
    truth: fc.nat({ max: CLASSES - 1 }),
    masses: fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9)).filter((masses) => masses.some((m) => m > 0)),
  })
  .map(({ truth, masses }) => {
    const sum = masses.reduce((a, b) => a + b, 0);
    const choice = masses.indexOf(Math.max(...masses));
    return { classCount: CLASSES, truth, choice, probabilities: masses.map((m) => m / sum) };
  });

const likelihoodItem: fc.Arbitrary<LikelihoodItem> = fc.record({
  logProbability: fc.double({ min: -50, max: 0, noNaN: true }),
  tokenCount: fc.integer({ min: 1, max: 20 }),
  byteCount: fc.integer({ min: 1, max: 90 }),
});

/** A metric with items that it takes. */
interface Sample<Item> {
  readonly metric: MetricOver<string, Item>;
  readonly items: readonly Item[];
}

type Check = <Item>(sample: Sample<Item>) => void;

function checkAll(metric: Metric, check: Check): void {
  const sized = { minLength: 1, maxLength: 6 };
  if (metric.kind === 'labels') {
    fc.assert(fc.property(fc.array(labelItem, sized), (items) => check({ metric, items })));
  } else if (metric.kind === 'texts') {
    fc.assert(fc.property(fc.array(textItem, sized), (items) => check({ metric, items })));
  } else {
    fc.assert(fc.property(fc.array(likelihoodItem, sized), (items) => check({ metric, items })));
  }
}

/** Sums of doubles in another order differ by rounding. */
function expectSame(found: number, expected: number): void {
  expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(expected)));
}

describe.each(METRICS)('$name', (metric) => {
  it('does not depend on the order of the items', () => {
    checkAll(metric, ({ metric, items }) => {
      expectSame(measure(metric, items.toReversed()), measure(metric, items));
    });
  });

  it('adds up: parts of the items, and items twice', () => {
    checkAll(metric, ({ metric, items }) => {
      const table = statisticsTable(metric, items);
      const rows = items.flatMap((_, i) => (i % 2 === 0 ? [i, i] : [i]));
      const chosen = rows.map((i) => items[i]!);
      expectSame(metricValue(metric, table, rows), measure(metric, chosen));
      const half = items.length >> 1;
      const parts = [items.slice(0, half), items.slice(half)].filter((part) => part.length > 0);
      const sums = parts.map((part) => sumRows(statisticsTable(metric, part)));
      const total = sums.reduce((a, b) => a.map((value, k) => value + b[k]!));
      expectSame(metric.value(total), measure(metric, items));
    });
  });
});

const textMetrics = METRICS.filter((metric) => metric.kind === 'texts');

describe.each(textMetrics)('$name of texts', (metric) => {
  const best = metric.name === 'ter' ? 0 : metric.name === 'exact_match' ? 1 : 100;

  it('is best for identical texts, another reference or not', () => {
    fc.assert(
      fc.property(longText, text, (same, other) => {
        expect(measure(metric, [{ hypothesis: same, references: [same] }])).toBe(best);
        const statistics = metric.statistics({ hypothesis: same, references: [other, same] });
        expect(metric.sentenceValue(statistics)).toBe(best);
      }),
    );
  });

  it('stays within its bounds', () => {
    fc.assert(
      fc.property(textItem, (item) => {
        const value = metric.sentenceValue(metric.statistics(item));
        expect(value).toBeGreaterThanOrEqual(0);
        if (metric.name !== 'ter') expect(value).toBeLessThanOrEqual(best + 1e-12);
      }),
    );
  });

  it('has the same statistics for pairs as for items', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 5 }), (texts) => {
        const compare = metric.pairs(texts, texts);
        texts.forEach((hypothesis, h) => {
          texts.forEach((reference, r) => {
            const statistics = metric.statistics({ hypothesis, references: [reference] });
            expect(compare(h, r)).toEqual(statistics);
          });
        });
      }),
    );
  });
});

describe('chrF', () => {
  it('of swapped texts swaps precision and recall: F1 does not change', () => {
    const balanced = chrf({ beta: 1 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        const [ab, ba] = [balanced.pairs([a], [b])(0, 0), balanced.pairs([b], [a])(0, 0)];
        expectSame(balanced.value(ab), balanced.value(ba));
      }),
    );
  });
});

/** By definition, without rows or bands. */
function editDistance(a: readonly number[], b: readonly number[]): number {
  if (a.length === 0 || b.length === 0) return a.length + b.length;
  const [restA, restB] = [a.slice(1), b.slice(1)];
  if (a[0] === b[0]) return editDistance(restA, restB);
  return 1 + Math.min(editDistance(restA, restB), editDistance(restA, b), editDistance(a, restB));
}

const words = fc.array(fc.nat(3), { maxLength: 6 });
const filled = (a: readonly number[], b: readonly number[]) => {
  const [rows, columns] = [Uint32Array.from(a), Uint32Array.from(b)];
  const grid = createGrid(a.length, b.length);
  fillRows(grid, rows, columns, 0);
  return { grid, rows, columns };
};

describe('TER', () => {
  it('without moves is the edit distance', () => {
    fc.assert(
      fc.property(words, words, (a, b) => {
        expect(distanceIn(filled(a, b).grid)).toBe(editDistance(a, b));
      }),
    );
  });

  it('with a limit is the edit distance up to it, and more beyond', () => {
    fc.assert(
      fc.property(words, words, fc.nat(6), (a, b, more) => {
        const limit = Math.abs(a.length - b.length) + more;
        const grid = createGrid(a.length, b.length);
        fillRows(grid, Uint32Array.from(a), Uint32Array.from(b), 0, limit);
        const distance = editDistance(a, b);
        // Without rows there is nothing to fill.
        if (a.length === 0 || distance <= limit) expect(distanceIn(grid)).toBe(distance);
        else expect(distanceIn(grid)).toBeGreaterThan(limit);
      }),
    );
  });

  it('aligns at the price of the distance', () => {
    fc.assert(
      fc.property(words, words, (a, b) => {
        const { grid, rows, columns } = filled(a, b);
        const { placeOf, hypothesisErrors, referenceErrors } = alignmentOf(grid, rows, columns);
        const wrong = (errors: Uint8Array) => errors.reduce((sum, error) => sum + error, 0);
        expect(wrong(hypothesisErrors)).toBeLessThanOrEqual(distanceIn(grid));
        expect(wrong(referenceErrors)).toBeLessThanOrEqual(distanceIn(grid));
        expect([...placeOf]).toEqual([...placeOf].toSorted((x, y) => x - y));
      }),
    );
  });

  it('is at most the edit distance, and at least what no order of words mends', () => {
    fc.assert(
      fc.property(words, words, (a, b) => {
        const edits = terEdits(Uint32Array.from(a), Uint32Array.from(b));
        const shared = a.length - b.reduce((left, x) => without(left, x), a).length;
        expect(edits).toBeLessThanOrEqual(editDistance(a, b));
        expect(edits).toBeGreaterThanOrEqual(Math.max(a.length, b.length) - shared);
      }),
    );
  });

  it('of a text with two blocks swapped is one move', () => {
    const distinct = fc.uniqueArray(fc.nat(99), { minLength: 2, maxLength: 10 });
    fc.assert(
      fc.property(distinct, fc.nat(8), (text, at) => {
        const cut = 1 + (at % (text.length - 1));
        const swapped = [...text.slice(cut), ...text.slice(0, cut)];
        expect(terEdits(Uint32Array.from(swapped), Uint32Array.from(text))).toBe(1);
      }),
    );
  });
});

function without(values: readonly number[], value: number): number[] {
  const at = values.indexOf(value);
  return at < 0 ? [...values] : values.toSpliced(at, 1);
}

describe('log loss', () => {
  it('of a distribution with itself is least', () => {
    const metric = metricOfKind('log_loss', 'labels');
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 0.99, noNaN: true }), (p) => {
        const loss = (q: number) => {
          const item = { classCount: 2, choice: 0, probabilities: [q, 1 - q] };
          const [zero, one] = [0, 1].map((truth) => measure(metric, [{ ...item, truth }]));
          return p * zero! + (1 - p) * one!;
        };
        expect(loss(p)).toBeLessThanOrEqual(loss(0.5) + 1e-12);
        expect(loss(p)).toBeLessThanOrEqual(loss(p / 2) + 1e-12);
      }),
    );
  });
});
