/** Linear reranking, the exact line search against all its crossings, and fits with a known optimum. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FeatureTable, standardised } from '../../../src/ensemble/outputs/featureTable.ts';
import { fitRerank, rerankItem } from '../../../src/ensemble/outputs/fitRerank.ts';
import { bestStep, type RerankItem } from '../../../src/ensemble/outputs/lineSearch.ts';
import { decideByRerank } from '../../../src/ensemble/outputs/rerank.ts';
import { seededRandom } from '../../../src/numeric/random.ts';
import { bleu } from '../../../src/task/metrics/bleu.ts';
import { exactMatch } from '../../../src/task/metrics/exactMatch.ts';
import type { Statistics } from '../../../src/task/metrics/metric.ts';
import { ter } from '../../../src/task/metrics/ter.ts';
import { messageOf } from '../../checkpoint/files.ts';

function table(names: readonly string[], rows: readonly (readonly number[])[]): FeatureTable {
  return { names, values: Float64Array.from(rows.flat()) };
}

const NAMES = ['f', 'g'];

describe('reranking', () => {
  it('chooses the best weighted sum, of equals the first', () => {
    const features = table(NAMES, [
      [1, 0],
      [0, 3],
      [3, 1.5],
      [5, 0.5],
    ]);
    const { choice, scores } = decideByRerank(features, { g: 2, f: 1 });
    expect([...scores]).toEqual([1, 6, 6, 6]);
    expect(choice).toBe(1);
    expect(decideByRerank(features, { f: -1, g: 0 }).choice).toBe(1);
  });

  it.each([
    [{ f: 1 }, /feature "g" is NaN/],
    [{ f: 1, g: 1, h: 1 }, /"h" is none of the features f, g/],
    [{ f: 1, g: Number.POSITIVE_INFINITY }, /"g" is Infinity/],
  ])('refuses the weights %o', async (weights, message) => {
    const features = table(NAMES, [[1, 2]]);
    expect(await messageOf(() => decideByRerank(features, weights))).toMatch(message);
  });

  it('standardises over the candidates of an item', () => {
    const scaled = standardised(
      table(NAMES, [
        [1, 0.1],
        [3, 0.1],
        [5, 0.1],
      ]),
    );
    const unit = Math.sqrt(3 / 2);
    expect([...scaled.values]).toEqual([-unit, 0, 0, 0, unit, 0]);
  });
});

const small = fc.integer({ min: -5, max: 5 });
const candidate = fc.record({
  features: fc.tuple(small, small),
  right: fc.integer({ min: 0, max: 3 }),
});
const problem = fc
  .array(fc.array(candidate, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 5 })
  .map((items) =>
    items.map((candidates): RerankItem => {
      return {
        features: table(
          NAMES,
          candidates.map(({ features }) => features),
        ),
        statistics: candidates.map(({ right }) => Float64Array.of(right, 3)),
      };
    }),
  );

/** No mean over items: (sum right / sum all)^2, turned at a half. */
function objective([right = 0, all = 1]: Statistics): number {
  return -((right / all - 0.5) ** 2);
}

function chosenAt(items: readonly RerankItem[], weights: readonly number[]): number {
  const total = Float64Array.of(0, 0);
  for (const { features, statistics } of items) {
    const { choice } = decideByRerank(features, { f: weights[0]!, g: weights[1]! });
    statistics[choice]!.forEach((x, k) => {
      total[k]! += x;
    });
  }
  return objective(total);
}

/** Between all values at which any two candidates of an item are equal, and beyond them. */
function placesOnLine(items: readonly RerankItem[], from: number[], direction: number[]): number[] {
  const crossings = items.flatMap(({ features: { values } }) => {
    const rows = Array.from({ length: values.length / 2 }, (_, c) => [
      values[2 * c]! * from[0]! + values[2 * c + 1]! * from[1]!,
      values[2 * c]! * direction[0]! + values[2 * c + 1]! * direction[1]!,
    ]);
    return rows.flatMap(([a, b]) =>
      rows.map(([c, d]) => (c! - a!) / (b! - d!)).filter(Number.isFinite),
    );
  });
  const sorted = [...new Set(crossings)].sort((a, b) => a - b);
  if (sorted.length === 0) return [];
  const ends = [sorted[0]! - 2, ...sorted, sorted.at(-1)! + 2];
  const middles = ends.slice(1).map((end, i) => (end + ends[i]!) / 2);
  return middles.filter((_, i) => ends[i + 1]! - ends[i]! > 1e-9);
}

describe('the line search', () => {
  it('finds what trying every interval finds', () => {
    fc.assert(
      fc.property(problem, fc.tuple(small, small), fc.tuple(small, small), (items, from, to) => {
        const step = bestStep(items, Float64Array.from(from), Float64Array.from(to), objective);
        const at = (g: number) => chosenAt(items, [from[0] + g * to[0], from[1] + g * to[1]]);
        const tried = placesOnLine(items, from, to).map(at);
        if (step === undefined) {
          expect(new Set(tried).size).toBeLessThanOrEqual(1);
          return;
        }
        expect(step.value).toBe(Math.max(...tried));
        expect(at(step.length)).toBe(step.value);
      }),
      { numRuns: 500 },
    );
  });
});

describe('fitted weights', () => {
  /** Of 8 random candidates that one is right which given weights prefer to the others. */
  function solvable(truth: readonly number[], itemCount: number, seed: number): RerankItem[] {
    const random = seededRandom(seed);
    const names = truth.map((_, f) => `f${f}`);
    return Array.from({ length: itemCount }, () => {
      // The second feature is a hundred times as large as the others.
      const rows = Array.from({ length: 8 }, () =>
        truth.map((_, f) => (random.nextUint32() / 2 ** 32) * (f === 1 ? 100 : 1)),
      );
      const features = table(names, rows);
      const weights = Object.fromEntries(names.map((name, f) => [name, truth[f]!]));
      const { choice } = decideByRerank(features, weights);
      const statistics = rows.map((_, c) => Float64Array.of(c === choice ? 1 : 0, 1));
      return { features, statistics };
    });
  }

  it.each([
    { truth: [1, -0.01], itemCount: 200 },
    { truth: [0.5, 0.02, -1], itemCount: 100 },
    { truth: [-1, 0.02, 0.3, 1], itemCount: 60 },
  ])('of a solvable problem solve it, $truth', ({ truth, itemCount }) => {
    const { weights, value } = fitRerank(solvable(truth, itemCount, 5), exactMatch);
    expect(value).toBe(1);
    const found = Object.values(weights);
    expect(found.reduce((sum, x) => sum + Math.abs(x), 0)).toBeCloseTo(1, 12);
    // In the units of the features, the cone in which everything is right is narrow.
    const units = truth.map((_, f) => (f === 1 ? 100 : 1));
    const scaled = (list: readonly number[]) => list.map((x, f) => x * units[f]!);
    expect(cosine(scaled(found), scaled(truth))).toBeGreaterThan(0.99);
    const held = fitValue(solvable(truth, 500, 6), weights);
    expect(held).toBeGreaterThan(0.95);
  });

  it('are the same every time, and never worse than one feature or equal weights', () => {
    fc.assert(
      fc.property(problem, (items) => {
        const fitted = fitRerank(items, exactMatch, { restarts: 2 });
        expect(fitRerank(items, exactMatch, { restarts: 2 })).toEqual(fitted);
        expect(fitValue(items, fitted.weights)).toBe(fitted.value);
        expect(fitted.value).toBeGreaterThanOrEqual(fitValue(items, { f: 1, g: 0 }));
        expect(fitted.value).toBeGreaterThanOrEqual(fitValue(items, { f: 0, g: 1 }));
      }),
      { numRuns: 50 },
    );
  });

  it('minimise where lower is better, over the statistics of real texts', () => {
    const candidates = ['a b c', 'a b d', 'x y z'].map((text) => ({ text, member: 'm' }));
    const features = table(
      ['bad', 'good'],
      [
        [0, 1],
        [0, 0.5],
        [1, 0],
      ],
    );
    for (const metric of [ter(), bleu()]) {
      const item = rerankItem(features, candidates, ['a b c', 'q'], metric);
      const { weights, value } = fitRerank([item], metric);
      expect(decideByRerank(features, weights).choice).toBe(0);
      expect(value).toBe(metric.value(item.statistics[0]!));
    }
  });

  it.each([
    [[], /no items/],
    [[{ features: table([], []), statistics: [] }], /no features/],
    [
      [{ features: table(NAMES, [[1, 2]]), statistics: [Float64Array.of(1), Float64Array.of(2)] }],
      /features of 1 candidates and statistics of 2/,
    ],
    [
      [
        { features: table(NAMES, [[1, 2]]), statistics: [Float64Array.of(1, 1)] },
        { features: table(['f'], [[1]]), statistics: [Float64Array.of(1, 1)] },
      ],
      /item 1 has the features f, and item 0 has f, g/,
    ],
  ])('are refused, %#', async (items, message) => {
    expect(await messageOf(() => fitRerank(items, exactMatch))).toMatch(message);
  });
});

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

function fitValue(items: readonly RerankItem[], weights: Readonly<Record<string, number>>): number {
  const total = Float64Array.of(0, 0);
  for (const { features, statistics } of items) {
    const chosen = statistics[decideByRerank(features, weights).choice]!;
    total[0]! += chosen[0]!;
    total[1]! += chosen[1]!;
  }
  return exactMatch.value(total);
}
