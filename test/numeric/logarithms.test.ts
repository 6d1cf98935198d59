import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decayingExp } from '../../src/numeric/decayingExp.ts';
import { logAddExp } from '../../src/numeric/logAddExp.ts';
import { logSumExp } from '../../src/numeric/logSumExp.ts';

const MINUS = Number.NEGATIVE_INFINITY;

describe('logAddExp', () => {
  it('keeps its error below the stated bound, at every kind of distance', () => {
    let worst = 0;
    for (let x = 0; x < 45; x += 0.000_371) {
      worst = Math.max(worst, Math.abs(logAddExp(0, -x) - Math.log1p(Math.exp(-x))));
    }
    expect(worst).toBeLessThan(1e-14);
  });

  it('is symmetric, and moves with both terms', () => {
    const term = fc.double({ min: -700, max: 0, noNaN: true });
    fc.assert(
      fc.property(term, term, (a, b) => {
        const sum = logAddExp(a, b);
        expect(logAddExp(b, a)).toBe(sum);
        const exact = Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
        expect(Math.abs(sum - exact)).toBeLessThan(1e-14 + 1e-15 * Math.abs(exact));
      }),
    );
  });

  it('takes -Infinity as nothing, and lets NaN through', () => {
    expect(logAddExp(MINUS, -3)).toBe(-3);
    expect(logAddExp(-3, MINUS)).toBe(-3);
    expect(logAddExp(MINUS, MINUS)).toBe(MINUS);
    expect(logAddExp(-1, -50)).toBe(-1);
    expect(logAddExp(Number.NaN, -3)).toBeNaN();
    expect(logAddExp(-3, Number.NaN)).toBeNaN();
  });
});

describe('decayingExp', () => {
  it('keeps its relative error below the stated bound', () => {
    let worst = 0;
    for (let x = 0; x < 60; x += 0.000_371) {
      worst = Math.max(worst, Math.abs(decayingExp(x) / Math.exp(-x) - 1));
    }
    expect(worst).toBeLessThan(2e-15);
  });

  it('is 0 beyond', () => {
    expect([60, 800, Number.POSITIVE_INFINITY, Number.NaN].map(decayingExp)).toEqual([0, 0, 0, 0]);
  });
});

describe('logSumExp', () => {
  it('agrees with the plain sum', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -30, max: 30, noNaN: true }), { minLength: 1 }),
        (values) => {
          const sum = values.reduce((total, x) => total + Math.exp(x), 0);
          expect(logSumExp(Float64Array.from(values))).toBeCloseTo(Math.log(sum), 12);
        },
      ),
    );
  });

  it('does not overflow, and knows nothing and NaN', () => {
    expect(logSumExp(Float64Array.of(1000, 1000))).toBe(1000 + Math.log(2));
    expect(logSumExp(Float64Array.of(MINUS, -5))).toBe(-5);
    expect(logSumExp(Float64Array.of(MINUS, MINUS))).toBe(MINUS);
    expect(logSumExp(new Float64Array())).toBe(MINUS);
    expect(logSumExp(Float64Array.of(0, Number.NaN))).toBeNaN();
  });
});
