import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openArena, runBoth, runOn, scalar64 } from './arena.ts';
import { gaussianTile, someTiles, tiles } from './values.ts';

describe('dot and sumMagnitudes', () => {
  it('agree', () => {
    fc.assert(
      fc.property(tiles(2), ([x, y]) => {
        const arena = openArena();
        const a = arena.input(x!);
        const b = arena.input(y!);
        runBoth(arena, (kernels) => kernels.dot(a, b, x!.length));
        runBoth(arena, (kernels) => kernels.sumMagnitudes(a, x!.length));
      }),
    );
  });

  it('are close to the sums in order, and exact where the sums are', () => {
    const x = gaussianTile(1, 2047, 0.02);
    const arena = openArena();
    const at = arena.input(x);
    const squares = x.reduce((sum, value) => sum + value * value, 0);
    const magnitudes = x.reduce((sum, value) => sum + Math.abs(value), 0);
    const dot = runBoth(arena, (kernels) => kernels.dot(at, at, x.length)).returned;
    expect(dot).toBeCloseTo(squares, 14);
    expect(runBoth(arena, (kernels) => kernels.sumMagnitudes(at, x.length)).returned).toBeCloseTo(
      magnitudes,
      11,
    );
    const integers = openArena();
    const n = integers.input(Float64Array.of(1, -2, 3, -4, 5));
    expect(runOn(scalar64, integers, (kernels) => kernels.dot(n, n, 5)).returned).toBe(55);
    expect(runOn(scalar64, integers, (kernels) => kernels.sumMagnitudes(n, 5)).returned).toBe(15);
  });
});

describe('addGram', () => {
  it('agrees and adds to what is there', () => {
    fc.assert(
      fc.property(someTiles, (vectors) => {
        const k = vectors.length;
        const arena = openArena();
        const list = arena.list(vectors);
        const gram = arena.result(new Float64Array((k * (k + 1)) / 2).fill(0.1));
        runBoth(arena, (kernels) => kernels.addGram(list, k, gram, vectors[0]!.length));
      }),
      { numRuns: 300 },
    );
  });

  it('fills the upper triangle row by row', () => {
    const arena = openArena();
    const vectors = [Float32Array.of(1, 0, 2), Float32Array.of(3, 1, 0), Float32Array.of(0, 5, 1)];
    const list = arena.list(vectors);
    const gram = arena.result(Float64Array.of(100, 0, 0, 0, 0, 0));
    const { results } = runBoth(arena, (kernels) => kernels.addGram(list, 3, gram, 3));
    expect(results[0]).toEqual(Float64Array.of(105, 3, 2, 10, 5, 26));
  });
});

describe('addProducts', () => {
  it('agrees and adds to what is there', () => {
    fc.assert(
      fc.property(tiles(2), ([x, y]) => {
        const arena = openArena();
        const a = arena.input(x!);
        const b = arena.input(y!);
        const sums = arena.result(new Float64Array(x!.length).fill(1.5));
        const { results } = runBoth(arena, (k) => k.addProducts(a, b, sums, x!.length));
        expect(results[0]).toEqual(Float64Array.from(x!, (value, j) => 1.5 + value * y![j]!));
      }),
    );
  });
});
