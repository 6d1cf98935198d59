import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rankScratchBytes } from '../../src/kernel/kernels.ts';
import { openArena, runBoth, runOn, scalar64 } from './arena.ts';
import { float32, gaussianTile, tileOf, uniform } from './values.ts';

function rank(x: Float32Array<ArrayBuffer>, low: number, step: number) {
  const arena = openArena();
  const at = arena.input(x);
  const out = arena.result(new Float32Array(x.length).fill(9));
  const scratch = arena.scratch(rankScratchBytes(x.length));
  const { results } = runBoth(arena, (kernels) =>
    kernels.rankLinear(at, low, step, out, scratch, x.length),
  );
  return results[0]!;
}

/** Rows on which one shortcut or another gives up; `n` elements from a seeded stream. */
const ROWS: Record<string, (j: number, n: number, next: () => number) => number> = {
  gaussian: (_, __, next) => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(6.2831853 * next()),
  equal: () => -0.25,
  zero: (j) => (j % 2 ? 0 : -0),
  rising: (j) => j,
  falling: (j, n) => n - j,
  'one outlier': (j, n, next) => (j === n >> 1 ? 1e30 : next()),
  'one outlier, the others falling': (j, n) => (j === n >> 1 ? 1e30 : n - j),
  'one infinity': (j, n, next) => (j === n >> 1 ? Number.NEGATIVE_INFINITY : next() - 0.5),
  'one NaN': (j, n, next) => (j === n >> 1 ? Number.NaN : next() - 0.5),
  'NaN and infinity': (j) => (j % 2 ? Number.NaN : Number.POSITIVE_INFINITY),
  denormal: (_, __, next) => Math.floor(next() * 1000) * 2 ** -149,
  'denormal but one': (j, __, next) => (j === 0 ? 1 : Math.floor(next() * 1000) * 2 ** -149),
  'at the smallest scaled maximum': (_, __, next) => next() * 2 ** -100,
  huge: (_, __, next) => (next() - 0.5) * 6.8e38,
  'few values': (_, __, next) => Math.floor(next() * 5) - 2,
  'two close values': (j, __, next) => (j === 0 ? 1 : next() < 0.5 ? 1e-6 : 1.1e-6),
};

describe('rankLinear', () => {
  it('agrees on short rows of anything', () => {
    const row = fc.oneof(fc.nat(6), fc.nat(100)).chain(tileOf);
    fc.assert(
      fc.property(row, float32, float32, (x, low, step) => void rank(x, low, step)),
      { numRuns: 300 },
    );
  });

  describe.each(Object.entries(ROWS))('on a row: %s', (_, element) => {
    it.each([1, 2, 3, 5, 1000, 4097])('of %d', (n) => {
      const next = uniform(n);
      rank(
        Float32Array.from({ length: n }, (_, j) => element(j, n, next)),
        0.35,
        0.3 / n,
      );
    });
  });

  it.each([65535, 65536, 65537, 70001])('agrees on a long row of %d', (n) => {
    const x = gaussianTile(n, n, 0.02);
    rank(x, 0.5, 1 / n);
  });

  it('does not take quadratic time when an outlier squeezes a long row', () => {
    const n = 65536;
    rank(
      Float32Array.from({ length: n }, (_, j) => (j === 7 ? 1e30 : n - j)),
      0,
      1,
    );
  });

  it('ranks magnitudes from the smallest, equal ones by index, NaN last', () => {
    const x = Float32Array.of(3, -1, 0, 1, Number.NaN, -0, Number.NEGATIVE_INFINITY);
    expect(rank(x, 10, 2)).toEqual(Float32Array.of(18, 14, 10, 16, 22, 12, 20));
  });

  it('in float64 takes magnitudes that float32 cannot tell apart by index', () => {
    const arena = openArena();
    const x = arena.input(Float64Array.of(1 + 2 ** -40, 1, 0.1));
    const out = arena.result(new Float64Array(3));
    const scratch = arena.scratch(rankScratchBytes(3));
    const { results } = runOn(scalar64, arena, (kernels) =>
      kernels.rankLinear(x, 0.1, 0.2, out, scratch, 3),
    );
    expect(results[0]).toEqual(Float64Array.of(0.1 + 0.2, 0.1 + 0.4, 0.1));
  });
});
