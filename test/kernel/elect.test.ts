import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openArena, runBoth, runOn, scalar64 } from './arena.ts';
import { float32, someTiles, tiles, weightsOf } from './values.ts';

type Tile = Float32Array<ArrayBuffer>;
const withTwoWeights = someTiles.chain((vectors) =>
  fc.record({
    vectors: fc.constant(vectors),
    votes: weightsOf(vectors.length),
    weights: weightsOf(vectors.length),
  }),
);

function elect(vectors: Tile[], votes: Tile, weights: Tile, normalize: number) {
  const arena = openArena();
  const list = arena.list(vectors);
  const v = arena.input(votes);
  const w = arena.input(weights);
  const count = vectors[0]!.length;
  const out = arena.result(new Float32Array(count).fill(9), { padded: true });
  return runBoth(arena, (kernels) =>
    kernels.electSign(list, v, w, vectors.length, normalize, out, count),
  ).results[0]!;
}

function overlap(vectors: Tile[], alone: Tile, epsilon: number) {
  const arena = openArena();
  const list = arena.list(vectors);
  const factors = arena.input(alone);
  const count = vectors[0]!.length;
  const out = arena.result(new Float32Array(count).fill(9), { padded: true });
  return runBoth(arena, (kernels) =>
    kernels.mergeOverlap(list, factors, vectors.length, epsilon, out, count),
  ).results[0]!;
}

function countOverlap(vectors: Tile[], epsilon: number) {
  const arena = openArena();
  const list = arena.list(vectors);
  const counts = arena.result(new Float64Array(2 * vectors.length).fill(5));
  return runBoth(arena, (kernels) =>
    kernels.countOverlap(list, vectors.length, epsilon, counts, vectors[0]!.length),
  ).results[0]!;
}

const row = (...numbers: number[]) => Float32Array.from(numbers);

describe('electSign', () => {
  it('agrees', () => {
    fc.assert(
      fc.property(withTwoWeights, fc.nat(1), ({ vectors, votes, weights }, normalize) => {
        elect(vectors, votes, weights, normalize);
      }),
      { numRuns: 400 },
    );
  });

  it('agrees where the votes are the weights, positive or not', () => {
    const positive = fc.float({ min: 2 ** -149, max: Number.POSITIVE_INFINITY, noNaN: true });
    const cases = fc.integer({ min: 1, max: 4 }).chain((k) => {
      const usual = fc.array(positive, { minLength: k, maxLength: k });
      const weights = fc.oneof(
        usual.map((w) => Float32Array.from(w)),
        weightsOf(k),
      );
      return fc.tuple(tiles(k), weights, fc.nat(1));
    });
    fc.assert(
      fc.property(cases, ([vectors, w, normalize]) => void elect(vectors, w, w, normalize)),
      { numRuns: 400 },
    );
  });

  it('sums those of the elected sign; a tie elects +; zeros stay out', () => {
    const vectors = [row(1, 1, -2, 0, 0), row(2, -1, 1, 0, -3), row(-4, 0, -4, 0, 0)];
    const ones = row(1, 1, 1);
    expect(elect(vectors, ones, ones, 0)).toEqual(row(-4, 1, -6, 0, -3));
    expect(elect(vectors, ones, ones, 1)).toEqual(row(-4, 1, -3, 0, -3));
  });

  it('divides by 1 where the agreeing weights sum to zero', () => {
    const vectors = [row(1, 2), row(3, 2)];
    expect(elect(vectors, row(1, 1), row(1, -1), 1)).toEqual(row(-2, 0));
    expect(elect(vectors, row(1, 1), row(0, -0), 1)).toEqual(row(0, 0));
  });

  it('leaves NaN out of the sum', () => {
    const vectors = [row(Number.NaN, 1), row(3, Number.NaN), row(-9, -9)];
    expect(elect(vectors, row(1, 1, 1), row(1, 1, 1), 1)).toEqual(row(3, 1));
  });
});

describe('mergeOverlap and countOverlap', () => {
  it('agree', () => {
    fc.assert(
      fc.property(withTwoWeights, float32, ({ vectors, weights }, epsilon) => {
        overlap(vectors, weights, epsilon);
        countOverlap(vectors, epsilon);
      }),
      { numRuns: 400 },
    );
  });

  it('take the mean of those that moved, and weigh one that moved alone', () => {
    const vectors = [row(1, 3, 0.1, 2, 2), row(0.1, 1, 0, 2, 0), row(-0.1, 0, 0, 2, -2)];
    expect(overlap(vectors, row(1.5, 1, 2), 0.1)).toEqual(row(1.5, 2, 0, 2, 0));
    expect(countOverlap(vectors, 0.1)).toEqual(Float64Array.of(6, 8, 5, 7, 5, 7));
  });
});

describe('variance', () => {
  it('agrees', () => {
    fc.assert(
      fc.property(someTiles, (vectors) => {
        const arena = openArena();
        const list = arena.list(vectors);
        const count = vectors[0]!.length;
        const out = arena.result(new Float32Array(count), { padded: true });
        runBoth(arena, (kernels) => kernels.variance(list, vectors.length, out, count));
      }),
      { numRuns: 400 },
    );
  });

  it('is the population variance', () => {
    const arena = openArena();
    const list = arena.list([Float64Array.of(1, 0), Float64Array.of(2, 0), Float64Array.of(6, 9)]);
    const out = arena.result(new Float64Array(2));
    const { results } = runOn(scalar64, arena, (kernels) => kernels.variance(list, 3, out, 2));
    expect(results[0]).toEqual(Float64Array.of(14 / 3, 18));
  });
});
