/** Values that are hard on kernels, as fast-check arbitraries and as seeded tiles. */

import fc from 'fast-check';

const INFINITY = Number.POSITIVE_INFINITY;
const SMALLEST = 2 ** -149;
const SMALLEST_NORMAL = 2 ** -126;
const LARGEST = (2 - 2 ** -23) * 2 ** 127;

const special = fc.constantFrom(
  ...[0, 1, 0.5, SMALLEST, 3 * SMALLEST, SMALLEST_NORMAL - SMALLEST, SMALLEST_NORMAL, LARGEST]
    .concat([INFINITY, Number.NaN, 1e-8, 65504, 65520, 3.3895313892515355e38])
    .flatMap((x) => [x, -x]),
);
/** Mostly weights as models have them, often equal, sometimes anything at all. */
export const float32 = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -4, max: 4 }).map((n) => Math.fround(n / 8)) },
  { weight: 4, arbitrary: fc.float({ min: -1, max: 1, noNaN: true }) },
  { weight: 2, arbitrary: special },
  { weight: 1, arbitrary: fc.float() },
);
export const weight = fc.oneof(
  { weight: 4, arbitrary: fc.float({ min: -2, max: 2, noNaN: true }) },
  { weight: 2, arbitrary: fc.constantFrom(0, -0, 1, -1) },
  { weight: 1, arbitrary: float32 },
);

const tileLength = fc.oneof(fc.nat(9), fc.nat(70));
export const tile = tileLength.chain((count) => tileOf(count));

export function tileOf(count: number): fc.Arbitrary<Float32Array<ArrayBuffer>> {
  const array = fc.array(float32, { minLength: count, maxLength: count });
  return array.map((values) => Float32Array.from(values));
}

/** Several vectors of one length. */
export function tiles(vectors: number): fc.Arbitrary<Float32Array<ArrayBuffer>[]> {
  return tileLength.chain((count) =>
    fc.array(tileOf(count), { minLength: vectors, maxLength: vectors }),
  );
}

export const someTiles = fc.integer({ min: 1, max: 6 }).chain(tiles);

export function weightsOf(k: number): fc.Arbitrary<Float32Array<ArrayBuffer>> {
  const array = fc.array(weight, { minLength: k, maxLength: k });
  return array.map((values) => Float32Array.from(values));
}

/** A seeded stream of uniform numbers in [0, 1): a 32-bit multiply-and-xorshift counter. */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** Weights as trained models have them: normal, of the given standard deviation. */
export function gaussianTile(seed: number, count: number, deviation: number) {
  const next = uniform(seed);
  return Float32Array.from({ length: count }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - next()));
    return deviation * radius * Math.cos(2 * Math.PI * next());
  });
}
