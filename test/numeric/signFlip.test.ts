import { describe, expect, it } from 'vitest';
import { signFlipTest } from '../../src/numeric/signFlip.ts';

describe('signFlipTest', () => {
  it('counts every pattern when there are few differences', () => {
    // All of one sign: 2 of 2^5 patterns are as extreme.
    expect(signFlipTest([1, 2, 3, 4, 5])).toBe(2 / 32);
    // |sum| = 4 of {3, 2, -1}: sums +-6, +-4, +-2, +-0; four of eight are at least 4.
    expect(signFlipTest([3, 2, -1])).toBe(4 / 8);
    expect(signFlipTest([0.1, 0.2, -0.3])).toBe(1);
    expect(signFlipTest([0, 0])).toBe(1);
    expect(signFlipTest([])).toBe(1);
  });

  it('samples close to the exact value when there are many', () => {
    // 40 ones, 28 of them positive: the sign test, P(|X - 20| >= 8) for X of Binomial(40, 1/2).
    const differences = Array.from({ length: 40 }, (_, i) => (i < 28 ? 1 : -1));
    const exact = 0.01658900337497471;
    const flips = 20_000;
    const spread = 4 * Math.sqrt((exact * (1 - exact)) / flips);
    expect(Math.abs(signFlipTest(differences, { flips }) - exact)).toBeLessThan(spread);
  });

  it('is never zero and repeats with its seed', () => {
    const differences = Array.from({ length: 200 }, () => 1);
    expect(signFlipTest(differences, { flips: 99 })).toBe(1 / 100);
    const mixed = Array.from({ length: 50 }, (_, i) => (i % 3) - 0.9);
    expect(signFlipTest(mixed, { seed: 5 })).toBe(signFlipTest(mixed, { seed: 5 }));
  });
});
