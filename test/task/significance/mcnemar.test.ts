import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signFlipTest } from '../../../src/numeric/signFlip.ts';
import { accuracyDifferenceInterval } from '../../../src/task/significance/accuracyDifference.ts';
import {
  itemCountOf,
  pairCounts,
  rightPerItem,
} from '../../../src/task/significance/correctness.ts';
import { mcnemarChi2, mcnemarTest } from '../../../src/task/significance/mcnemar.ts';
import { expectClose, tablesOf } from './oracles.ts';

const few = fc.integer({ min: 0, max: 6 });
const many = fc.integer({ min: 0, max: 400 });

describe('mcnemarTest', () => {
  it.each(tablesOf('mcnemar'))('$id agrees with the oracle', (table) => {
    const { exact, midP, chi2, chi2Corrected } = table.expected;
    const found = mcnemarTest(table);
    const plain = mcnemarChi2(table, false);
    const corrected = mcnemarChi2(table);
    expectClose(found.exact, exact, 1e-12);
    expectClose(found.midP, midP, 1e-12);
    expectClose(plain.statistic, chi2.statistic, 1e-12);
    expectClose(plain.p, chi2.p, 1e-12);
    expectClose(corrected.statistic, chi2Corrected.statistic, 1e-12);
    expectClose(corrected.p, chi2Corrected.p, 1e-12);
    expect(found.chi2).toEqual(found.discordant >= 25 ? corrected : undefined);
  });

  it('is the sign-flip test of single items', () => {
    fc.assert(
      fc.property(few, few, (b, c) => {
        const differences = [...new Array(b).fill(1), ...new Array(c).fill(-1)];
        const { exact } = mcnemarTest({ onlyFirstRight: b, onlySecondRight: c });
        expect(exact).toBeCloseTo(signFlipTest(differences), 13);
      }),
    );
  });

  it('is symmetric, and the mid-p is never above the exact p', () => {
    fc.assert(
      fc.property(many, many, (b, c) => {
        const found = mcnemarTest({ onlyFirstRight: b, onlySecondRight: c });
        expect(mcnemarTest({ onlyFirstRight: c, onlySecondRight: b })).toEqual(found);
        expect(found.midP).toBeLessThanOrEqual(found.exact);
        expect(found.midP).toBeGreaterThan(0);
      }),
    );
  });

  it('has p = 1 where no item can tell', () => {
    const none = { onlyFirstRight: 0, onlySecondRight: 0 };
    expect(mcnemarTest(none)).toEqual({ discordant: 0, exact: 1, midP: 1 });
    expect(mcnemarChi2(none).p).toBe(1);
  });
});

describe('accuracyDifferenceInterval', () => {
  it.each(tablesOf('newcombePaired'))('$id agrees with the oracle', (table) => {
    const { difference, method8, method10 } = table.expected;
    const reduced = accuracyDifferenceInterval(table);
    const plain = accuracyDifferenceInterval(table, { reducePhi: false });
    expectClose(reduced.difference, difference, 1e-12);
    expectClose(reduced.interval.low, method10.ci95[0]);
    expectClose(reduced.interval.high, method10.ci95[1]);
    expectClose(plain.interval.low, method8.ci95[0]);
    expectClose(plain.interval.high, method8.ci95[1]);
  });

  it('holds the difference and turns with the systems', () => {
    fc.assert(
      fc.property(few, many, few, fc.integer({ min: 1, max: 50 }), (n11, b, c, n00) => {
        const counts = { bothRight: n11, onlyFirstRight: b, onlySecondRight: c, bothWrong: n00 };
        const turned = { ...counts, onlyFirstRight: c, onlySecondRight: b };
        const { difference, interval } = accuracyDifferenceInterval(counts);
        const other = accuracyDifferenceInterval(turned);
        expect(interval.low - 1e-12).toBeLessThanOrEqual(difference);
        expect(interval.high + 1e-12).toBeGreaterThanOrEqual(difference);
        expect(other.interval.low).toBeCloseTo(-interval.high, 12);
      }),
    );
  });
});

describe('correctness', () => {
  it('is counted by pair and by item', () => {
    const [first, second] = [
      [1, 1, 0, 0, 1],
      [true, false, true, false, true],
    ];
    const counts = pairCounts(first!, second!);
    expect(counts).toEqual({ bothRight: 2, onlyFirstRight: 1, onlySecondRight: 1, bothWrong: 1 });
    expect(itemCountOf(counts)).toBe(5);
    expect([...rightPerItem([first!, second!, [0, 0, 0, 0, 1]])]).toEqual([2, 1, 1, 0, 3]);
  });

  it('is refused of other items and of none', () => {
    expect(() => pairCounts([1, 0], [1])).toThrow(
      'correctness: system 1 has 1 items and system 0 has 2',
    );
    expect(() => rightPerItem([])).toThrow('correctness: there are no items');
  });
});
