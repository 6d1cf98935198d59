import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitLinearWeights } from '../../../src/ensemble/weights/linearWeights.ts';
import { tableOfAnswers } from '../../../src/ensemble/weights/memberTable.ts';
import { distance, logsOf } from '../oracles.ts';

type Columns = readonly (readonly number[])[];

const tableOf = (columns: Columns, counts?: readonly number[]) =>
  tableOfAnswers(
    columns.map((column) => logsOf([column])),
    counts && Float64Array.from(counts),
  );

function lossOf(columns: Columns, weights: readonly number[], counts?: readonly number[]): number {
  let sum = 0;
  let total = 0;
  for (let n = 0; n < columns[0]!.length; n++) {
    const mixture = columns.reduce((mix, column, i) => mix + weights[i]! * column[n]!, 0);
    const count = counts?.[n] ?? 1;
    if (count > 0) sum -= count * Math.log(mixture);
    total += count;
  }
  return sum / total;
}

/** All weights in steps of a twentieth. */
function gridOf(memberCount: 2 | 3): readonly (readonly number[])[] {
  const steps = Array.from({ length: 21 }, (_, k) => k / 20);
  if (memberCount === 2) return steps.map((a) => [a, 1 - a]);
  return steps.flatMap((a) =>
    steps.filter((b) => a + b <= 1).map((b) => [a, b, Math.max(0, 1 - a - b)]),
  );
}

const probability = fc.oneof(
  { arbitrary: fc.double({ min: 1e-6, max: 1, noNaN: true }), weight: 6 },
  { arbitrary: fc.constant(0), weight: 1 },
);

const problems = fc
  .record({
    memberCount: fc.constantFrom(2 as const, 3 as const),
    items: fc.integer({ min: 1, max: 12 }),
  })
  .chain(({ memberCount, items }) =>
    fc.record({
      memberCount: fc.constant(memberCount),
      columns: fc.array(fc.array(probability, { minLength: items, maxLength: items }), {
        minLength: memberCount,
        maxLength: memberCount,
      }),
      counts: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: items, maxLength: items }),
    }),
  )
  .filter(
    ({ columns, counts }) =>
      counts.some((count) => count > 0) &&
      columns[0]!.every((_, n) => columns.some((c) => c[n]! > 0)),
  );

describe('fitLinearWeights', () => {
  it('finds what no weights of a grid are better than, and says how close it must be', () => {
    fc.assert(
      fc.property(problems, ({ memberCount, columns, counts }) => {
        const fit = fitLinearWeights(tableOf(columns, counts));
        expect(fit.certificate).toBeLessThan(1 + 1e-9);
        expect(fit.loss).toBeCloseTo(lossOf(columns, fit.weights, counts), 11);
        for (const weights of gridOf(memberCount)) {
          expect(fit.loss).toBeLessThanOrEqual(lossOf(columns, weights, counts) + 1e-9);
        }
      }),
    );
  });

  it('bounds the gap of a search that was cut short', () => {
    fc.assert(
      fc.property(
        problems,
        fc.integer({ min: 0, max: 3 }),
        ({ memberCount, columns, counts }, maxIterations) => {
          const early = fitLinearWeights(tableOf(columns, counts), { maxIterations });
          for (const weights of gridOf(memberCount)) {
            const gap = early.loss - lossOf(columns, weights, counts);
            expect(gap).toBeLessThanOrEqual(early.gapBound + 1e-12);
          }
        },
      ),
    );
  });

  it('counts an item as often as it is said to', () => {
    const columns = [
      [0.5, 0.1, 0.2],
      [0.1, 0.4, 0.6],
    ];
    const repeated = columns.map(([a, b, c]) => [a!, a!, a!, b!, c!, c!]);
    const counted = fitLinearWeights(tableOf(columns, [3, 1, 2]));
    const written = fitLinearWeights(tableOf(repeated));
    expect(distance(counted.weights, written.weights)).toBeLessThan(1e-11);
    expect(counted.loss).toBeCloseTo(written.loss, 14);
  });

  it('splits the weight of a member that is there twice, and moves with the order', () => {
    const a = [0.5, 0.1, 0.2, 0.05, 0.3];
    const b = [0.1, 0.4, 0.3, 0.6, 0.05];
    const [forA, forB] = fitLinearWeights(tableOf([a, b])).weights;
    const twice = fitLinearWeights(tableOf([a, b, a])).weights;
    expect(twice[1]).toBeCloseTo(forB!, 11);
    // Any split is an optimum; the even one is where symmetry leads, up to rounding.
    expect(distance(twice, [forA! / 2, forB!, forA! / 2])).toBeLessThan(1e-7);
    expect(distance(fitLinearWeights(tableOf([b, a])).weights, [forB!, forA!])).toBeLessThan(1e-11);
  });

  it('leaves out and names what every member calls impossible', () => {
    const columns = [
      [0.5, 0, 0.2],
      [0.1, 0, 0.6],
    ];
    const fit = fitLinearWeights(tableOf(columns));
    expect(fit.impossibleItems).toEqual([1]);
    const without = fitLinearWeights(tableOf(columns.map(([x, , z]) => [x!, z!])));
    expect(fit.weights).toEqual(without.weights);
    expect(fit.loss).toBe(without.loss);
    expect(() => fitLinearWeights(tableOf([[0], [0]]))).toThrow(
      'no member finds any of the 1 answers',
    );
  });

  it('does not lose what is too small for a float', () => {
    const tiny = tableOfAnswers([Float64Array.of(-2000, -1), Float64Array.of(-2001, -2)]);
    const fit = fitLinearWeights(tiny);
    expect(fit.weights).toEqual([1, 0]);
    expect(fit.loss).toBeCloseTo(1000.5, 11);
  });

  it('is sure of many members and items', () => {
    const columns = Array.from({ length: 12 }, (_, i) =>
      Array.from(
        { length: 500 },
        (_, n) => 0.02 + (((n * (i + 3) * 7919 + i * 104729) % 97) / 97) * 0.9,
      ),
    );
    const fit = fitLinearWeights(tableOf(columns));
    expect(fit.certificate).toBeLessThan(1 + 1e-12);
    expect(fit.iterations).toBeLessThan(30);
  });

  it.each([
    { table: tableOf([]), message: 'there are no members' },
    { table: tableOf([[]]), message: 'there are no items' },
    {
      table: tableOf([[0.5, 0.5], [0.5]]),
      message: 'member 1 has 1 log-probabilities, 2 items of 1 labels have 2',
    },
    { table: tableOf([[0.5]], [-1]), message: 'item 0 counts -1 times' },
    { table: tableOf([[0.5]], [0]), message: 'the counts of all items are 0' },
    {
      table: { ...tableOf([[0.5]]), answers: Int32Array.of(1) },
      message: 'the answer of item 0 is label 1 of 1',
    },
  ])('refuses a table: $message', ({ table, message }) => {
    expect(() => fitLinearWeights(table)).toThrow(message);
  });
});
