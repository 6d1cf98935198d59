/** Arithmetic on stored BF16 values: SIMD = scalar = the way through tiles. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openArena, runBoth, runOn, scalar } from './arena.ts';
import { someTiles, tile, weight, weightsOf } from './values.ts';

/** Stored values as files have them, any bits among them. */
const bits = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0x3c00, max: 0x4000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
);
const cases = someTiles.chain((vectors) => {
  const count = vectors[0]!.length;
  const stored = fc.array(bits, { minLength: count, maxLength: count });
  return fc.record({
    vectors: fc.tuple(...vectors.map(() => stored.map((list) => Uint16Array.from(list)))),
    weights: weightsOf(vectors.length),
    divisor: fc.oneof(fc.constant(1), weight),
  });
});

describe('weightedSumBf16', () => {
  it('agrees with its twin, and that with decoding, summing, dividing and encoding', () => {
    fc.assert(
      fc.property(cases, ({ vectors, weights, divisor }) => {
        const k = vectors.length;
        const count = vectors[0]!.length;
        const arena = openArena();
        const list = arena.list(vectors);
        const w = arena.input(weights);
        const out = arena.result(new Uint16Array(count).fill(9));
        const direct = runBoth(arena, (kernels) =>
          kernels.weightedSumBf16(list, w, k, divisor, out, count),
        );

        const steps = openArena();
        const sources = vectors.map((vector) => steps.input(vector));
        const decoded = vectors.map(() => steps.scratch(count * 4));
        const decodedList = steps.input(Uint32Array.from(decoded));
        const u = steps.input(weights);
        const sum = steps.scratch(count * 4);
        const target = steps.result(new Uint16Array(count).fill(9));
        const throughTiles = runOn(scalar, steps, (kernels) => {
          sources.forEach((source, i) => {
            kernels.decode('BF16', source, decoded[i]!, count);
          });
          kernels.weightedSum(decodedList, u, k, sum, count);
          kernels.divide(sum, divisor, sum, count);
          kernels.encode('BF16', sum, target, count);
        });
        expect(direct.results[0]).toEqual(throughTiles.results[0]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('addBaseBf16', () => {
  it('agrees, and is scaling, adding and encoding', () => {
    const sums = tile.chain((x) => {
      const stored = fc.array(bits, { minLength: x.length, maxLength: x.length });
      return fc.record({ x: fc.constant(x), base: stored, factor: weight });
    });
    fc.assert(
      fc.property(sums, ({ x, base, factor }) => {
        const arena = openArena();
        const [own, from] = [arena.input(Uint16Array.from(base)), arena.input(x)];
        const out = arena.result(new Uint16Array(x.length).fill(9), { padded: 8 });
        const direct = runBoth(arena, (k) => k.addBaseBf16(from, factor, own, out, x.length));

        const steps = openArena();
        const [stored, to] = [steps.input(Uint16Array.from(base)), steps.input(x)];
        const [sum, decoded] = [steps.scratch(x.length * 4), steps.scratch(x.length * 4)];
        const target = steps.result(new Uint16Array(x.length));
        const throughTiles = runOn(scalar, steps, (kernels) => {
          kernels.scale(to, factor, sum, x.length);
          kernels.decode('BF16', stored, decoded, x.length);
          kernels.addScaled(decoded, 1, sum, x.length);
          kernels.encode('BF16', sum, target, x.length);
        });
        expect(direct.results).toEqual(throughTiles.results);
      }),
      { numRuns: 300 },
    );
  });
});
