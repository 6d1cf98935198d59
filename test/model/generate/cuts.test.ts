import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Cut,
  minPCut,
  NO_CUT,
  tokenAt,
  topKCut,
  topPCut,
  WHOLE_ROW,
  weightsInto,
} from '../../../src/model/generate/cuts.ts';
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
const proportion = fc.integer({ min: 1, max: 9999 }).map((x) => x / 10_000);

function weightsOf(values: ArrayLike<number>, temperature = 1, cut = WHOLE_ROW): Float64Array {
  const weights = new Float64Array(values.length);
  weightsInto(weights, Float32Array.from(values), temperature, cut);
  return weights;
}

function keptBy(values: Float32Array | Float64Array, { threshold, ties }: Cut): number[] {
  let left = ties;
  return [...values.keys()].filter(
    (i) => values[i]! > threshold || (values[i] === threshold && left-- > 0),
  );
}

/** Possible tokens, the most probable first, of equals the lower. */
function sorted(values: Float32Array): number[] {
  return [...values.keys()]
    .filter((i) => values[i]! > Number.NEGATIVE_INFINITY)
    .sort((a, b) => values[b]! - values[a]! || a - b);
}

/** By sorting; undefined where the sums are too near the border to say. */
function nucleus(values: Float64Array, tokens: number[], p: number) {
  const all = tokens.reduce((sum, token) => sum + values[token]!, 0);
  let total = 0;
  for (const [rank, token] of tokens.entries()) {
    total += values[token]! / all;
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
        const values = Float64Array.from(arrange([...list]));
        const count = partitionLargest(values, values.length, n, () => 1);
        expect(count).toBe(Math.min(n, list.length));
        const expected = [...list].sort((a, b) => b - a).slice(0, count);
        expect([...values.subarray(0, count)].sort((a, b) => b - a)).toEqual(expected);
      }),
    );
  });
});

describe('weights', () => {
  it('are probabilities after temperature, but for a factor', () => {
    const row = [0.5, 0.3, 0.2, 0].map(Math.log);
    const expected = [1, 0.6 ** 0.5, 0.4 ** 0.5, 0];
    for (const [i, weight] of weightsOf(row, 2).entries()) {
      expect(weight).toBeCloseTo(expected[i]!, 6);
    }
  });

  it('are the same for logits', () => {
    expect(weightsOf([3, 1, 2.5])).toEqual(weightsOf([-1, -3, -1.5]));
  });
});

describe('cuts keep what sorting says', () => {
  it('top-k', () => {
    fc.assert(
      fc.property(row, fc.integer({ min: 1, max: 220 }), (values, k) => {
        const cut = topKCut(values, k, new Float64Array(values.length));
        const expected = ascending(sorted(values).slice(0, k));
        expect(keptBy(values, cut)).toEqual(expected);
        expect(keptBy(weightsOf(values, 1, cut), NO_CUT)).toEqual(expected);
      }),
    );
  });

  it('top-p', () => {
    fc.assert(
      fc.property(row, proportion, (values, p) => {
        const weights = weightsOf(values);
        const expected = nucleus(weights, sorted(values), p);
        fc.pre(expected !== undefined);
        const cut = topPCut(weights, p, new Float64Array(values.length));
        expect(keptBy(weights, cut)).toEqual(ascending(expected));
      }),
    );
  });

  it('min-p', () => {
    fc.assert(
      fc.property(row, proportion, (values, p) => {
        const weights = weightsOf(values);
        const expected = sorted(values).filter((token) => weights[token]! >= p);
        expect(keptBy(weights, minPCut(p, NO_CUT))).toEqual(ascending(expected));
      }),
    );
  });

  it('one after the other', () => {
    const k = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(row, k, proportion, proportion, (values, count, p, minP) => {
        const scratch = new Float64Array(values.length);
        const weights = weightsOf(values, 1, topKCut(values, count, scratch));
        const first = sorted(values).slice(0, count);
        const second = nucleus(weights, first, p);
        fc.pre(second !== undefined);
        const third = second.filter((token) => weights[token]! >= minP);
        const byP = topPCut(weights, p, scratch);
        expect(keptBy(weights, byP)).toEqual(ascending(second));
        expect(keptBy(weights, minPCut(minP, byP))).toEqual(ascending(third));
      }),
    );
  });

  it('leave row and weights as they were', () => {
    const values = Float32Array.of(-3, -1, -2, -0.5);
    const weights = weightsOf(values);
    const before = [values.slice(), weights.slice()];
    topKCut(values, 3, new Float64Array(4));
    topPCut(weights, 0.5, new Float64Array(4));
    expect([values, weights]).toEqual(before);
  });
});

describe('tokenAt', () => {
  it('inverts the distribution function in the order of tokens', () => {
    const at = (uniform: number) => tokenAt(Float64Array.of(0.5, 0, 1, 0.5), NO_CUT, uniform);
    expect([0, 0.24, 0.26, 0.74, 0.76, 1 - 2 ** -53].map(at)).toEqual([0, 0, 2, 2, 3, 3]);
  });

  it('passes over what the cut leaves out', () => {
    const cut = { threshold: 0.5, ties: 1 };
    const at = (uniform: number) => tokenAt(Float64Array.of(0.5, 0.2, 1, 0.5), cut, uniform);
    expect([0, 0.33, 0.34, 0.99].map(at)).toEqual([0, 0, 2, 2]);
  });
});
