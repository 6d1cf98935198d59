import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  betaQuantile,
  betaTails,
  binomialQuantile,
  binomialTails,
  chi2Quantile,
  chi2Tails,
  normalQuantile,
  normalTails,
  tQuantile,
  tTails,
} from '../../src/numeric/distributions.ts';
import type { Tails } from '../../src/numeric/incompleteBeta.ts';
import { binomialPoint } from '../../src/numeric/pointProbability.ts';
import { type DistributionTable, expectClose, tablesOf } from '../task/significance/oracles.ts';

type Parameters = DistributionTable['parameters'];

interface Distribution {
  readonly tails: (x: number, of: Parameters) => Tails;
  readonly quantile: (p: number, of: Parameters) => number;
}

const DISTRIBUTIONS: Readonly<Record<DistributionTable['distribution'], Distribution>> = {
  normal: { tails: normalTails, quantile: normalQuantile },
  t: { tails: (x, { df }) => tTails(x, df!), quantile: (p, { df }) => tQuantile(p, df!) },
  chi2: { tails: (x, { df }) => chi2Tails(x, df!), quantile: (p, { df }) => chi2Quantile(p, df!) },
  binomial: {
    tails: (x, { n, p }) => binomialTails(x, n!, p!),
    quantile: (at, { n, p }) => binomialQuantile(at, n!, p!),
  },
  beta: {
    tails: (x, { a, b }) => betaTails(x, a!, b!),
    quantile: (p, { a, b }) => betaQuantile(p, a!, b!),
  },
};

describe('distributions', () => {
  it.each(tablesOf('distribution'))('$id: $distribution $parameters', (table) => {
    const { tails, quantile } = DISTRIBUTIONS[table.distribution];
    table.x.forEach((x, i) => {
      const { lower, upper } = tails(x, table.parameters);
      expectClose(lower, table.expected.cdf[i]!, 1e-12);
      expectClose(upper, table.expected.upperTail[i]!, 1e-12);
    });
    table.p.forEach((p, i) => {
      expectClose(quantile(p, table.parameters), table.expected.quantile[i]!, 1e-10);
    });
    table.expected.pmf?.forEach((expected, i) => {
      const { n, p } = table.parameters;
      expectClose(binomialPoint(table.x[i]!, n!, p!), expected, 1e-12);
    });
  });

  it('has the binomial tail of exact integers, however small', () => {
    const n = 1000;
    let [choose, sum] = [1n, 0n];
    for (let k = 0n; k < 500n; k++) {
      sum += choose;
      const exact = Number((sum * 10n ** 300n) / 2n ** 1000n) / 1e300;
      if (exact > 1e-280) {
        const { lower } = binomialTails(Number(k), n, 0.5);
        expect(Math.abs(lower / exact - 1)).toBeLessThan(1e-12);
      }
      choose = (choose * (1000n - k)) / (k + 1n);
    }
  });

  it('adds up point probabilities to the tail, for large counts', () => {
    const [n, p] = [100_000, 0.31];
    let sum = 0;
    for (let k = 30_000; k <= 31_100; k++) sum += binomialPoint(k, n, p);
    const between = binomialTails(31_100, n, p).lower - binomialTails(29_999, n, p).lower;
    expect(Math.abs(sum / between - 1)).toBeLessThan(1e-11);
  });

  it('has closed forms: t with one and two degrees, chi2 with two, beta(1, b)', () => {
    const positive = fc.double({ min: 1e-3, max: 50, noNaN: true });
    fc.assert(
      fc.property(positive, (x) => {
        expectClose(tTails(x, 1).upper, Math.atan(1 / x) / Math.PI, 1e-12);
        const root = Math.sqrt(2 + x * x);
        expectClose(tTails(x, 2).upper, 1 / (root * (root + x)), 1e-12);
        expectClose(chi2Tails(x, 2).upper, Math.exp(-x / 2), 1e-12);
        expectClose(betaTails(0.02 * x, 1, 3).upper, (1 - 0.02 * x) ** 3, 1e-11);
      }),
    );
  });

  it('has quantiles that invert', () => {
    const cases = fc.tuple(
      fc.double({ min: 1e-6, max: 0.999, noNaN: true }),
      fc.integer({ min: 1, max: 400 }),
    );
    fc.assert(
      fc.property(cases, ([p, df]) => {
        expectClose(tTails(tQuantile(p, df), df).lower, p, 1e-10);
        expectClose(chi2Tails(chi2Quantile(p, df), df).lower, p, 1e-10);
        expectClose(normalTails(normalQuantile(p)).lower, p, 1e-10);
        const k = binomialQuantile(p, df, 0.3);
        expect(binomialTails(k, df, 0.3).lower).toBeGreaterThanOrEqual(p);
        expect(binomialTails(k - 1, df, 0.3).lower).toBeLessThan(p);
      }),
    );
  });

  it('has ends', () => {
    expect(normalTails(Infinity)).toEqual({ lower: 1, upper: 0 });
    expect(tTails(-Infinity, 3)).toEqual({ lower: 0, upper: 1 });
    expect(chi2Tails(0, 3)).toEqual({ lower: 0, upper: 1 });
    expect(binomialTails(-1, 3, 0.5)).toEqual({ lower: 0, upper: 1 });
    expect(binomialTails(3, 3, 0.5)).toEqual({ lower: 1, upper: 0 });
    expect(binomialPoint(0, 4, 0)).toBe(1);
    expect(binomialPoint(4, 4, 1)).toBe(1);
    expect(binomialPoint(2, 4, 0)).toBe(0);
  });

  it('refuses what is no probability and no parameter', () => {
    expect(() => normalQuantile(1)).toThrow('quantile: 1 is not a probability between 0 and 1');
    expect(() => chi2Tails(1, 0)).toThrow('chi2: degrees of freedom: 0 is not above 0');
  });
});
