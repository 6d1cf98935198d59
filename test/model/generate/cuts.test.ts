import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cut, minPCut, NO_CUT, topKCut, topPCut } from '../../../src/model/generate/cuts.ts';
import { partitionLargest } from '../../../src/model/generate/partition.ts';

/** Peaked rows and flat ones, with ties and bans. */
const row = fc
  .tuple(fc.constantFrom(20, 2, 0.1), fc.integer({ min: 1, max: 200 }))
  .chain(([spread, length]) =>
    fc.array(
      fc.oneof(
        { arbitrary: fc.nat(1e6).map((x) => (-spread * x) / 1e6), weight: 8 },
        { arbitrary: fc.constantFrom(-0.3 * spread, -0.5 * spread), weight: 2 },
        { arbitrary: fc.constant(Number.NEGATIVE_INFINITY), weight: 1 },
      ),
      { minLength: length, maxLength: length },
    ),
  )
  .map((values) => Float32Array.from(values));
const temperature = fc.constantFrom(0.5, 1, 1.7);
const proportion = fc.integer({ min: 1, max: 9999 }).map((x) => x / 10_000);

function keptBy(values: Float32Array, { threshold, ties }: Cut): number[] {
  let left = ties;
  return [...values.keys()].filter(
    (i) => values[i]! > threshold || (values[i] === threshold && left-- > 0),
  );
}

/** Possible tokens, the most probable first, of equals the lower. */
function sorted(values: Float32Array, among: readonly number[] = [...values.keys()]): number[] {
  return among
    .filter((i) => values[i]! > Number.NEGATIVE_INFINITY)
    .sort((a, b) => values[b]! - values[a]! || a - b);
}

function probabilities(values: Float32Array, tokens: readonly number[], t: number): number[] {
  const weights = tokens.map((token) => Math.exp((values[token]! - values[tokens[0]!]!) / t));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

/** By sorting; undefined where the sums are too near the border to say. */
function nucleus(values: Float32Array, tokens: number[], p: number, t: number) {
  let total = 0;
  for (const [rank, probability] of probabilities(values, tokens, t).entries()) {
    total += probability;
    if (Math.abs(total - p) < 1e-12) return undefined;
    if (total > p) return tokens.slice(0, rank + 1);
  }
  return tokens;
}

const ascending = (tokens: readonly number[]) => [...tokens].sort((a, b) => a - b);

describe('partitionLargest', () => {
  it('puts the n largest in front, whatever the order before', () => {
    const lists = fc.array(fc.integer({ min: -50, max: 50 }), {
      minLength: 1,
      maxLength: 300,
      size: 'max',
    });
    const arranged = fc.constantFrom(
      (list: number[]) => list,
      (list: number[]) => list.sort((a, b) => a - b),
      (list: number[]) => list.sort((a, b) => b - a),
    );
    fc.assert(
      fc.property(lists, arranged, fc.nat(310), (list, arrange, n) => {
        const values = Float32Array.from(arrange([...list]));
        const count = partitionLargest(values, values.length, n, () => 1);
        expect(count).toBe(Math.min(n, list.length));
        const expected = [...list].sort((a, b) => b - a).slice(0, count);
        expect([...values.subarray(0, count)].sort((a, b) => b - a)).toEqual(expected);
      }),
    );
  });
});

describe('cuts keep what sorting says', () => {
  it('top-k', () => {
    fc.assert(
      fc.property(row, fc.integer({ min: 1, max: 220 }), (values, k) => {
        const cut = topKCut(values, k, NO_CUT, new Float32Array(values.length));
        expect(keptBy(values, cut)).toEqual(ascending(sorted(values).slice(0, k)));
      }),
    );
  });

  it('top-p', () => {
    fc.assert(
      fc.property(row, proportion, temperature, (values, p, t) => {
        const expected = nucleus(values, sorted(values), p, t);
        fc.pre(expected !== undefined);
        const cut = topPCut(values, p, t, NO_CUT, new Float32Array(values.length));
        expect(keptBy(values, cut)).toEqual(ascending(expected));
      }),
    );
  });

  it('min-p', () => {
    fc.assert(
      fc.property(row, proportion, temperature, (values, p, t) => {
        const tokens = sorted(values);
        const shares = tokens.map(
          (token) => (values[token]! - values[tokens[0]!]!) / t - Math.log(p),
        );
        fc.pre(shares.every((share) => Math.abs(share) > 1e-9));
        const expected = tokens.filter((_, rank) => shares[rank]! > 0);
        expect(keptBy(values, minPCut(values, p, t, NO_CUT))).toEqual(ascending(expected));
      }),
    );
  });

  it('one after the other', () => {
    fc.assert(
      fc.property(
        row,
        fc.integer({ min: 1, max: 60 }),
        proportion,
        proportion,
        temperature,
        (values, k, p, minP, t) => {
          const first = sorted(values).slice(0, k);
          const second = nucleus(values, first, p, t);
          fc.pre(second !== undefined);
          const bound = values[first[0] ?? 0]! + t * Math.log(minP);
          const third = second.filter((token) => values[token]! >= bound);
          const scratch = new Float32Array(values.length);
          const byK = topKCut(values, k, NO_CUT, scratch);
          const byP = topPCut(values, p, t, byK, scratch);
          expect(keptBy(values, byP)).toEqual(ascending(second));
          expect(keptBy(values, minPCut(values, minP, t, byP))).toEqual(ascending(third));
        },
      ),
    );
  });

  it('leave the row as it was', () => {
    const values = Float32Array.of(-3, -1, -2, -0.5);
    const before = values.slice();
    topPCut(values, 0.5, 1, topKCut(values, 3, NO_CUT, new Float32Array(4)), new Float32Array(4));
    expect(values).toEqual(before);
  });
});
