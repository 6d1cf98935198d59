import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ConvexFunction, minimizeConvex } from '../../src/numeric/minimizeConvex.ts';
import { type Domain, quadraticStep } from '../../src/numeric/quadraticStep.ts';
import { choleskyFactor, solveFactored } from '../../src/numeric/symmetricSolve.ts';

const small = fc.double({ min: -2, max: 2, noNaN: true });

/** A'A + I / 10 of a random square A, and a vector. */
const systems = fc.integer({ min: 1, max: 5 }).chain((n) =>
  fc.record({
    root: fc.array(small, { minLength: n * n, maxLength: n * n }),
    vector: fc.array(small, { minLength: n, maxLength: n }),
  }),
);

function gramOf(root: readonly number[], n: number): Float64Array {
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < n; k++) gram[i * n + j]! += root[k * n + i]! * root[k * n + j]!;
    }
    gram[i * n + i]! += 0.1;
  }
  return gram;
}

function times(matrix: Float64Array, x: ArrayLike<number>): number[] {
  const n = x.length;
  return Array.from({ length: n }, (_, i) =>
    Array.from(x).reduce((sum, value, j) => sum + matrix[i * n + j]! * value, 0),
  );
}

function quadratic(matrix: Float64Array, linear: readonly number[]): ConvexFunction {
  const gradientAt = (x: Float64Array) =>
    Float64Array.from(times(matrix, x), (value, i) => value + linear[i]!);
  const valueAt = (x: Float64Array) =>
    times(matrix, x).reduce((sum, value, i) => sum + x[i]! * (value / 2 + linear[i]!), 0);
  return {
    valueAt,
    expansionAt: (x) => ({ value: valueAt(x), gradient: gradientAt(x), hessian: matrix }),
  };
}

describe('Cholesky', () => {
  it('solves positive definite systems', () => {
    fc.assert(
      fc.property(systems, ({ root, vector }) => {
        const matrix = gramOf(root, vector.length);
        const x = solveFactored(choleskyFactor(matrix, vector.length)!, vector);
        times(matrix, x).forEach((value, i) => {
          expect(value).toBeCloseTo(vector[i]!, 10);
        });
      }),
    );
  });

  it('refuses others', () => {
    expect(choleskyFactor(Float64Array.of(1, 2, 2, 1), 2)).toBeUndefined();
    expect(choleskyFactor(Float64Array.of(0), 1)).toBeUndefined();
  });
});

describe('minimizeConvex', () => {
  const domains: readonly Domain[] = [
    { nonNegative: false, fixedSum: false },
    { nonNegative: true, fixedSum: false },
    { nonNegative: true, fixedSum: true },
  ];

  it.each(domains)('meets the conditions of a minimum: %o', (domain) => {
    fc.assert(
      fc.property(systems, ({ root, vector }) => {
        const n = vector.length;
        const f = quadratic(gramOf(root, n), vector);
        const start = new Float64Array(n).fill(1 / n);
        const { x, value, gradient, residual } = minimizeConvex(f, start, domain);
        expect(residual).toBeLessThan(1e-11);
        if (domain.nonNegative) expect(Math.min(...x)).toBeGreaterThanOrEqual(0);
        if (domain.fixedSum) expect(x.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
        expect(value).toBeLessThanOrEqual(f.valueAt(start) + 1e-14);
        const level = domain.fixedSum ? x.reduce((sum, w, i) => sum + w * gradient[i]!, 0) : 0;
        gradient.forEach((slope, i) => {
          if (x[i] !== 0) expect(slope).toBeCloseTo(level, 9);
          else if (domain.nonNegative) expect(slope).toBeGreaterThan(level - 1e-9);
        });
      }),
    );
  });

  it('splits a step evenly among unknowns that the function cannot tell apart', () => {
    const model = { gradient: Float64Array.of(-1, -1), hessian: Float64Array.of(1, 1, 1, 1) };
    const step = quadraticStep(model, Float64Array.of(0, 0), {
      nonNegative: true,
      fixedSum: false,
    });
    expect(step[0]).toBeCloseTo(0.5, 6);
    expect(step[1]).toBeCloseTo(0.5, 6);
  });

  it('is damped where whole steps would diverge', () => {
    // log(e^x + e^-x): from |x| > 1.09 Newton's whole steps run away.
    const f: ConvexFunction = {
      valueAt: ([x]) => Math.log(2 * Math.cosh(x!)),
      expansionAt: ([x]) => ({
        value: Math.log(2 * Math.cosh(x!)),
        gradient: Float64Array.of(Math.tanh(x!)),
        hessian: Float64Array.of(1 / Math.cosh(x!) ** 2),
      }),
    };
    const { x, iterations } = minimizeConvex(f, Float64Array.of(3), domains[0]!);
    expect(x[0]).toBeCloseTo(0, 11);
    expect(iterations).toBeLessThan(30);
  });
});
