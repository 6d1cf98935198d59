import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { divergenceScratchBytes } from '../../src/kernel/kernels.ts';
import { exp, log } from '../../src/kernel/scalar/softmax.ts';
import { openArena, runBoth, runOn, scalar64 } from './arena.ts';
import { float32, gaussianTile, tile, tiles, uniform } from './values.ts';

const bits = new DataView(new ArrayBuffer(8));

/** Distance in units in the last place. */
function ulps(actual: number, wanted: number): number {
  if (Object.is(actual, wanted)) return 0;
  const order = (x: number) => {
    bits.setFloat64(0, x);
    const pattern = bits.getBigInt64(0);
    return pattern < 0n ? -(pattern & 0x7fffffffffffffffn) : pattern;
  };
  const distance = order(actual) - order(wanted);
  return Number(distance < 0n ? -distance : distance);
}

describe('exp and log', () => {
  it('are within 2 units in the last place', () => {
    const next = uniform(1);
    let worstExp = 0;
    let worstLog = 0;
    for (let n = 0; n < 100_000; n++) {
      for (const x of [-700 * next(), -next(), next() * -1e-3]) {
        worstExp = Math.max(worstExp, ulps(exp(x), Math.exp(x)));
      }
      for (const y of [
        next() * 1e8,
        1e-8 + next(),
        1 + next() * 1e-3,
        Math.SQRT1_2 + (next() - 0.5) * 1e-8,
      ]) {
        worstLog = Math.max(worstLog, ulps(log(y, bits), Math.log(y)));
      }
    }
    expect(worstExp).toBeLessThanOrEqual(2);
    expect(worstLog).toBeLessThanOrEqual(2);
  });

  it('are exact where they can be, and pass NaN on', () => {
    expect(exp(0)).toBe(1);
    expect(log(1, bits)).toBe(0);
    expect(exp(Number.NaN)).toBeNaN();
    expect(log(Number.NaN, bits)).toBeNaN();
    expect(exp(Number.NEGATIVE_INFINITY)).toBeLessThan(1e-300);
  });
});

function divergence(x: Float32Array<ArrayBuffer>, base: Float32Array<ArrayBuffer>): number {
  const arena = openArena();
  const a = arena.input(x);
  const b = arena.input(base);
  const scratch = arena.scratch(divergenceScratchBytes(x.length));
  return runBoth(arena, (kernels) => kernels.rowDivergence(a, b, scratch, x.length)).returned!;
}

/** By the definition, in the library's own functions. */
function divergenceByDefinition(x: Float32Array, base: Float32Array): number {
  const softmax = (row: Float32Array) => {
    const top = Math.max(...row);
    const exps = Array.from(row, (value) => Math.exp(value - top));
    const sum = exps.reduce((total, value) => total + value, 0);
    return exps.map((value) => value / sum + 1e-8);
  };
  const q = softmax(base);
  return softmax(x).reduce((total, p, j) => total + p * Math.log(p / q[j]!), 0);
}

describe('rowDivergence', () => {
  it('agrees', () => {
    fc.assert(
      fc.property(tiles(2), ([x, base]) => void divergence(x!, base!)),
      { numRuns: 300 },
    );
  });

  it.each([1, 2, 3, 64, 65, 1023, 4096])('agrees on rows of %d weights', (n) => {
    for (const [deviation, change] of [
      [0.02, 1e-3],
      [1, 0.1],
      [20, 20],
    ] as const) {
      const base = gaussianTile(n, n, deviation);
      const delta = gaussianTile(n + 1, n, change);
      const x = base.map((value, j) => value + delta[j]!);
      const wanted = divergenceByDefinition(x, base);
      expect(Math.abs(divergence(x, base) - wanted)).toBeLessThan(1e-14 + 1e-13 * Math.abs(wanted));
    }
  });

  it('is zero between equal rows, also empty ones', () => {
    const row = gaussianTile(5, 33, 1);
    expect(divergence(row, row)).toBe(0);
    expect(divergence(new Float32Array(0), new Float32Array(0))).toBe(0);
  });

  it('is NaN as soon as either row holds NaN or infinity', () => {
    const row = gaussianTile(5, 5, 1);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      for (let j = 0; j < 5; j++) {
        const spoilt = row.with(j, bad);
        expect(divergence(spoilt, row)).toBeNaN();
        expect(divergence(row, spoilt)).toBeNaN();
      }
    }
  });
});

describe('importance', () => {
  it('agrees', () => {
    fc.assert(
      fc.property(tile, fc.oneof(float32, fc.double()), (x, factor) => {
        const arena = openArena();
        const at = arena.input(x);
        const out = arena.result(new Float32Array(x.length));
        const { results } = runBoth(arena, (k) => k.importance(at, factor, out, x.length));
        expect(results[0]).toEqual(x.map((value) => Math.abs(value) * factor));
      }),
    );
  });

  it('is a float64 product in float64', () => {
    const arena = openArena();
    const x = arena.input(Float64Array.of(-0.1, 3));
    const out = arena.result(new Float64Array(2));
    const { results } = runOn(scalar64, arena, (kernels) => kernels.importance(x, 0.3, out, 2));
    expect(results[0]).toEqual(Float64Array.of(0.1 * 0.3, 3 * 0.3));
  });
});
