import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Kernels } from '../../src/kernel/kernels.ts';
import { openArena, runBoth, runOn, scalar64, type Values } from './arena.ts';
import { float32, someTiles, tiles, weight, weightsOf } from './values.ts';

type Tile = Float32Array<ArrayBuffer>;
const withWeights = someTiles.chain((vectors) =>
  fc.record({ vectors: fc.constant(vectors), weights: weightsOf(vectors.length) }),
);

/** The float64 twin on widened inputs against a formula in plain float64. */
function expectFormula(
  vectors: readonly Tile[],
  call: (kernels: Kernels, pointers: number[], out: number, count: number) => void,
  formula: (...x: number[]) => number,
): void {
  const arena = openArena();
  const count = vectors[0]!.length;
  const pointers = vectors.map((vector) => arena.input(Float64Array.from(vector)));
  const out = arena.result(new Float64Array(count));
  const { results } = runOn(scalar64, arena, (k) => call(k, pointers, out, count));
  for (let j = 0; j < count; j++) {
    expect(results[0]![j]).toBe(formula(...vectors.map((vector) => vector[j]!)));
  }
}

describe('scale, addScaled, subtract', () => {
  it('agree', () => {
    fc.assert(
      fc.property(tiles(2), weight, ([x, y], w) => {
        const count = x!.length;
        const scaled = openArena();
        const from = scaled.input(x!);
        const out = scaled.result(y!);
        runBoth(scaled, (kernels) => kernels.scale(from, w, out, count));
        runBoth(scaled, (kernels) => kernels.addScaled(from, w, out, count));
        runBoth(scaled, (kernels) => kernels.subtract(out, from, out, count));
        runBoth(scaled, (kernels) => kernels.subtract(from, out, out, count));
      }),
    );
  });

  it('are their formulas', () => {
    fc.assert(
      fc.property(tiles(2), fc.double(), (pair, w) => {
        expectFormula(
          pair,
          (k, [x], out, n) => k.scale(x!, w, out, n),
          (x) => x * w,
        );
        expectFormula(
          pair,
          (k, [x, y], out, n) => k.subtract(x!, y!, out, n),
          (x, y) => x - y!,
        );
        expectFormula(
          pair,
          (k, [x], out, n) => k.addScaled(x!, w, out, n),
          (x) => 0 + x * w,
        );
      }),
    );
  });

  it('round a weight to float32 first', () => {
    const arena = openArena();
    const x = arena.input(Float32Array.of(3, 3, 3, 3, 3));
    const out = arena.result(new Float32Array(5));
    const { results } = runBoth(arena, (kernels) => kernels.scale(x, 0.1, out, 5));
    expect(results[0]).toEqual(new Float32Array(5).fill(Math.fround(Math.fround(0.1) * 3)));
  });
});

describe('weightedSum', () => {
  it('agrees', () => {
    fc.assert(
      fc.property(withWeights, ({ vectors, weights }) => {
        const arena = openArena();
        const list = arena.list(vectors);
        const w = arena.input(weights);
        const out = arena.result(vectors[0]!.slice().fill(9));
        const k = vectors.length;
        runBoth(arena, (kernels) => kernels.weightedSum(list, w, k, out, vectors[0]!.length));
      }),
    );
  });

  it('agrees by element', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }).chain((k) => tiles(2 * k)),
        (both) => {
          const k = both.length / 2;
          const arena = openArena();
          const list = arena.list(both.slice(0, k));
          const c = arena.list(both.slice(k));
          const out = arena.result(both[0]!.slice().fill(9));
          const count = both[0]!.length;
          runBoth(arena, (kernels) => kernels.weightedSumByElement(list, c, k, out, count));
        },
      ),
    );
  });

  it('is its formula, from left to right', () => {
    fc.assert(
      fc.property(tiles(3), fc.tuple(fc.double(), fc.double(), fc.double()), (vectors, w) => {
        const arena = openArena();
        const list = arena.list(vectors.map((vector) => Float64Array.from(vector)));
        const weights = arena.input(Float64Array.from(w));
        const count = vectors[0]!.length;
        const out = arena.result(new Float64Array(count));
        const { results } = runOn(scalar64, arena, (kernels) =>
          kernels.weightedSum(list, weights, 3, out, count),
        );
        for (let j = 0; j < count; j++) {
          const [a, b, c] = vectors.map((vector) => vector[j]!) as [number, number, number];
          expect(results[0]![j]).toBe(a * w[0] + b * w[1] + c * w[2]);
        }
      }),
    );
  });
});

describe('nearswap', () => {
  const run = (base: Values, x: Values, t: number) => {
    const arena = openArena();
    const b = arena.input(base);
    const v = arena.input(x);
    const out = arena.result(base.slice().fill(9), { padded: true });
    return runBoth(arena, (kernels) => kernels.nearswap(b, v, t, out, base.length)).results[0];
  };

  it('agrees', () => {
    fc.assert(fc.property(tiles(2), float32, ([base, x], t) => void run(base!, x!, t)));
  });

  it('takes x where it is within t of the base, and moves by t at the most', () => {
    const base = Float32Array.of(1, 1, 1, 1, 2);
    const x = Float32Array.of(1, 1.25, 2, -3, 2);
    expect(run(base, x, 0.5)).toEqual(Float32Array.of(1, 1.25, 1.5, 0.5, 2));
    expect(run(base, x, 0)).toEqual(base);
  });

  it('is its formula', () => {
    fc.assert(
      fc.property(tiles(2), fc.double({ min: 0, max: 2, noNaN: true }), (pair, t) => {
        expectFormula(
          pair,
          (k, [base, x], out, n) => k.nearswap(base!, x!, t, out, n),
          (base, x) => {
            const distance = Math.abs(base - x!);
            const s = distance <= t || Number.isNaN(distance) ? 1 : t / distance;
            return (1 - s) * base + s * x!;
          },
        );
      }),
    );
  });
});
