import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalTails } from '../../../src/numeric/distributions.ts';
import {
  meanDifference,
  pairedDifferences,
} from '../../../src/task/significance/pairedDifferences.ts';
import { pairedTTest } from '../../../src/task/significance/pairedT.ts';
import {
  correctnessDeviation,
  itemsNeeded,
  minimumDetectableEffect,
} from '../../../src/task/significance/power.ts';
import { wilcoxonTest } from '../../../src/task/significance/wilcoxon.ts';
import { expectClose, tablesOf } from './oracles.ts';

const tables = tablesOf('paired');
const score = fc.integer({ min: 0, max: 1000 }).map((n) => n / 1000);
const scores = fc.array(fc.tuple(score, score), { minLength: 2, maxLength: 30 });

function unzip(pairs: readonly (readonly [number, number])[]): [number[], number[]] {
  return [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
}

describe('pairedTTest', () => {
  it.each(tables)('$id agrees with the oracle', ({ first, second, expected }) => {
    const found = pairedTTest(first, second);
    expectClose(found.t, expected.t);
    expect(found.degreesOfFreedom).toBe(expected.df);
    expectClose(found.p, expected.p);
    expectClose(found.interval.low, expected.ci95[0]);
    expectClose(found.interval.high, expected.ci95[1]);
  });

  it('has an interval that holds 0 just when p is above 0.05, and turns with the systems', () => {
    fc.assert(
      fc.property(scores, (pairs) => {
        const [first, second] = unzip(pairs);
        const found = pairedTTest(first, second);
        const { low, high } = found.interval;
        if (Math.abs(found.p - 0.05) > 1e-9) expect(low <= 0 && high >= 0).toBe(found.p > 0.05);
        expect(pairedTTest(second, first).p).toBe(found.p);
      }),
    );
  });

  it('has ends where nothing varies', () => {
    expect(pairedTTest([1, 2, 3], [1, 2, 3])).toMatchObject({ t: 0, p: 1 });
    // In doubles these three differences are not equal.
    expect(pairedTTest([0.3, 0.4, 0.9], [0.2, 0.3, 0.8])).toMatchObject({ t: Infinity, p: 0 });
  });

  it('refuses scores that are not pairs', () => {
    expect(() => pairedTTest([1, 2], [1])).toThrow('2 of the first and 1 of the second');
    expect(() => pairedTTest([1, Number.NaN], [1, 2])).toThrow('item 1 has NaN and 2');
    expect(() => pairedTTest([1], [2])).toThrow('1 differences have no standard error');
  });
});

describe('wilcoxonTest', () => {
  it.each(tables)('$id agrees with the oracle', ({ first, second, expected }) => {
    const { approx, approxCorrected, approxPratt, exactPermutation } = expected.wilcoxon;
    const normal = { distribution: 'normal' } as const;
    const plain = wilcoxonTest(first, second, normal);
    expect([plain.plus, plain.minus]).toEqual([expected.wPlus, expected.wMinus]);
    const corrected = wilcoxonTest(first, second, { ...normal, continuity: true });
    const pratt = wilcoxonTest(first, second, { ...normal, zeros: 'pratt' });
    for (const [found, wanted] of [
      [plain, approx],
      [corrected, approxCorrected],
      [pratt, approxPratt],
    ] as const) {
      expectClose(found.z ?? Number.NaN, wanted.z);
      expectClose(found.p, wanted.p);
      expect(Math.min(found.plus, found.minus)).toBe(wanted.statistic);
    }
    if (exactPermutation) expectClose(wilcoxonTest(first, second).p, exactPermutation.p, 1e-12);
  });

  it('counts all signs, as enumeration does', () => {
    const few = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(few, (differences) => {
        const zeros = differences.map(() => 0);
        const found = wilcoxonTest(differences, zeros);
        const sizes = differences.filter((d) => d !== 0).map(Math.abs);
        const ranks = sizes.map(
          (size) =>
            sizes.reduce((sum, s) => sum + (s < size ? 1 : 0) + (s === size ? 0.5 : 0), 0) + 0.5,
        );
        let extreme = 0;
        for (let signs = 0; signs < 2 ** ranks.length; signs++) {
          const sum = ranks.reduce((total, rank, i) => total + ((signs >> i) & 1 ? rank : 0), 0);
          if (sum <= Math.min(found.plus, found.minus)) extreme++;
        }
        expect(found.p).toBeCloseTo(Math.min(1, (2 * extreme) / 2 ** ranks.length), 13);
      }),
    );
  });

  it('is symmetric, and does not change with the unit of the scores', () => {
    fc.assert(
      fc.property(scores, (pairs) => {
        const [first, second] = unzip(pairs);
        const { p } = wilcoxonTest(first, second);
        expect(wilcoxonTest(second, first).p).toBe(p);
        const percent = (values: readonly number[]) => values.map((value) => 100 * value);
        expect(wilcoxonTest(percent(first), percent(second)).p).toBe(p);
      }),
    );
  });

  it('is normal beyond 50 differences, and 1 without any', () => {
    const first = Array.from({ length: 51 }, (_, i) => (i % 3 === 0 ? -i - 1 : i + 1));
    const zeros = first.map(() => 0);
    const [auto, exact] = [
      wilcoxonTest(first, zeros),
      wilcoxonTest(first, zeros, { distribution: 'exact' }),
    ];
    expect(auto.z).toBeGreaterThan(1);
    expect(Math.abs(auto.p - exact.p)).toBeLessThan(0.002);
    expect(wilcoxonTest([1, 2], [1, 2])).toEqual({ plus: 0, minus: 0, p: 1 });
  });
});

describe('meanDifference', () => {
  it('has the error of sd / sqrt(n), and with groups that of their sums', () => {
    const differences = [1, 2, 4, 7];
    const { mean, standardError } = meanDifference(differences);
    expect(mean).toBe(3.5);
    expect(standardError).toBeCloseTo(Math.sqrt(7) / 2, 14);
    // Deviations -2.5 - 1.5 and 0.5 + 3.5.
    const grouped = meanDifference(differences, ['x', 'x', 'y', 'y']);
    expect(grouped.standardError).toBeCloseTo(Math.sqrt(32 * 2) / 4, 14);
  });

  it('treats equal decimal differences as equal', () => {
    expect(pairedDifferences([0.74, 0.84, 0.3], [0.71, 0.81, 0.3])).toEqual([0.03, 0.03, 0]);
  });
});

describe('power', () => {
  it('has the factor of textbooks: 2.8016 standard errors for 5 % and 80 %', () => {
    expect(minimumDetectableEffect(1)).toBeCloseTo(2.8015852, 6);
    expect(minimumDetectableEffect(0.5, { level: 0.01, power: 0.9 })).toBeCloseTo(1.9286904, 6);
    // ((1.959964 + 0.841621) / 0.5)^2 = 31.4, the textbook's 32 pairs for half a deviation.
    expect(itemsNeeded(0.5, 1)).toBe(32);
    expect(itemsNeeded(-0.5, 1)).toBe(32);
    expect(() => itemsNeeded(0, 1)).toThrow('a difference of 0');
  });

  it('has the power it says, by the normal distribution', () => {
    const fraction = (min: number, max: number) => fc.double({ min, max, noNaN: true });
    fc.assert(
      fc.property(fraction(0.001, 0.2), fraction(0.5, 0.99), (level, power) => {
        const effect = minimumDetectableEffect(1, { level, power });
        const critical = minimumDetectableEffect(1, { level, power: 0.5 });
        expect(normalTails(effect - critical).lower).toBeCloseTo(power, 10);
      }),
    );
  });

  it('knows the spread of being right from counts', () => {
    const counts = { bothRight: 2, onlyFirstRight: 3, onlySecondRight: 1, bothWrong: 4 };
    // Differences 1, 1, 1, -1 and six zeros: mean square 0.4, mean 0.2.
    expect(correctnessDeviation(counts)).toBeCloseTo(0.6, 14);
  });
});
