import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clusteredWilsonInterval,
  effectiveSampleSize,
  wilsonInterval,
} from '../../src/numeric/intervals.ts';

describe('wilsonInterval', () => {
  it('agrees with the reference for 45 of 60', () => {
    const { low, high } = wilsonInterval(45, 60);
    expect(low).toBeCloseTo(0.6276792992295218, 14);
    expect(high).toBeCloseTo(0.8422347746994333, 14);
  });

  it('is exact at the ends', () => {
    const zz = 1.959963984540054 ** 2;
    expect(wilsonInterval(0, 10).low).toBe(0);
    expect(wilsonInterval(0, 10).high).toBeCloseTo(zz / (10 + zz), 14);
    expect(wilsonInterval(10, 10)).toEqual({ low: 10 / (10 + zz), high: 1 });
  });

  it('has bounds that solve the score equation, hold the proportion and mirror', () => {
    const cases = fc
      .integer({ min: 1, max: 5000 })
      .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));
    fc.assert(
      fc.property(cases, ([k, n]) => {
        const { low, high } = wilsonInterval(k, n);
        const p = k / n;
        expect(low <= p && p <= high).toBe(true);
        for (const bound of [low, high]) {
          const gap = (p - bound) ** 2 * n - 1.959963984540054 ** 2 * bound * (1 - bound);
          expect(Math.abs(gap)).toBeLessThan(1e-9);
        }
        expect(wilsonInterval(n - k, n).low).toBeCloseTo(1 - high, 12);
      }),
    );
  });

  it('refuses what is no proportion', () => {
    for (const [k, n] of [
      [1, 0],
      [3, 2],
      [-1, 4],
      [Number.NaN, 4],
    ] as const) {
      expect(() => wilsonInterval(k, n)).toThrow(/proportion/);
    }
  });
});

describe('effectiveSampleSize', () => {
  it('counts clusters when a cluster is all right or all wrong', () => {
    const clusters = Array.from({ length: 40 }, (_, i) => ({
      successes: i % 2 ? 10 : 0,
      trials: 10,
    }));
    // var(p) = 40/39 * 40 * 25 / 400^2, so p(1-p)/var = 39.
    expect(effectiveSampleSize(clusters)).toBeCloseTo(39, 10);
    expect(clusteredWilsonInterval(clusters)).toEqual(wilsonInterval(19.5, 39));
  });

  it('is never above the number of items', () => {
    expect(
      effectiveSampleSize([
        { successes: 5, trials: 10 },
        { successes: 5, trials: 10 },
      ]),
    ).toBe(20);
    expect(effectiveSampleSize([{ successes: 3, trials: 10 }])).toBe(10);
    expect(
      effectiveSampleSize([
        { successes: 4, trials: 4 },
        { successes: 3, trials: 3 },
      ]),
    ).toBe(7);
  });
});
