import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COARSE_BINS, KEYS_PER_BIN, type Kernels } from '../../src/kernel/kernels.ts';
import { openArena, runBoth, runOn, scalar64, type Values } from './arena.ts';
import { tile, tiles } from './values.ts';

type Tile = Float32Array<ArrayBuffer>;
const INFINITY = Number.POSITIVE_INFINITY;
const NAN_KEY = 0x7f800001;
const LARGEST = 3.4028234663852886e38;

function keyOf(x: number): number {
  if (Number.isNaN(x)) return NAN_KEY;
  return new Uint32Array(Float32Array.of(Math.abs(x)).buffer)[0]!;
}

/** A tile and a key that is often one of its own. */
const withKey = tiles(2).chain(([by, target]) =>
  fc.record({
    by: fc.constant(by!),
    target: fc.constant(target!),
    key: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...Array.from(by!, keyOf), 0) },
      { weight: 1, arbitrary: fc.constantFrom(0, 1, 0x7f800000, NAN_KEY, NAN_KEY + 1) },
    ),
  }),
);

function sumOf(bins: Values): number {
  return Array.from(bins).reduce((sum, here) => sum + here, 0);
}

function histogram(
  call: (kernels: Kernels, x: number, bins: number) => void,
  x: Values,
  size: number,
) {
  const arena = openArena();
  const at = arena.input(x);
  const bins = arena.result(new Uint32Array(size));
  return runBoth(arena, (kernels) => call(kernels, at, bins)).results[0]!;
}

const coarse = (x: Values) =>
  histogram((kernels, at, bins) => kernels.histogramCoarse(at, bins, x.length), x, COARSE_BINS);
const fine = (x: Values, first: number) =>
  histogram(
    (kernels, at, bins) => kernels.histogramKeys(at, first, KEYS_PER_BIN, bins, x.length),
    x,
    KEYS_PER_BIN,
  );

describe('histograms', () => {
  it('agree, and hold every element once', () => {
    fc.assert(
      fc.property(tile, (x) => {
        const bins = coarse(x);
        expect(sumOf(bins)).toBe(x.length);
        for (const value of x) {
          const bin = (keyOf(value) + 32767) >> 15;
          const keys = fine(x, (bin - 1) * 32768 + 1);
          expect(sumOf(keys)).toBe(bins[bin]);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('count the keys below the range, and one by one those in it', () => {
    fc.assert(
      fc.property(tile, fc.nat(0x7f800001), fc.integer({ min: 1, max: 5000 }), (x, first, size) => {
        const arena = openArena();
        const at = arena.input(x);
        const bins = arena.result(new Uint32Array(size));
        const below: number[] = [];
        const { results } = runBoth(arena, (kernels) => {
          below.push(kernels.histogramKeys(at, first, size, bins, x.length));
        });
        const keys = Array.from(x, keyOf);
        expect(below).toEqual(below.map(() => keys.filter((key) => key < first).length));
        const inside = keys.filter((key) => key >= first && key < first + size);
        expect(sumOf(results[0]!)).toBe(inside.length);
        for (const key of inside) expect(results[0]![key - first]).toBeGreaterThan(0);
      }),
      { numRuns: 50 },
    );
  });

  it('give zero of either sign bin 0 alone, NaN a bin above infinity', () => {
    const x = Float32Array.of(0, -0, 2 ** -149, -INFINITY, LARGEST, Number.NaN, -Number.NaN);
    const bins = coarse(x);
    expect(bins[0]).toBe(2);
    expect(bins[1]).toBe(1);
    expect(bins[0xff00]).toBe(2);
    expect(bins[0xff01]).toBe(2);
    const nans = fine(Float32Array.from(x), NAN_KEY);
    expect(nans[0]).toBe(2);
    expect(fine(x, 1 - 32768)[32767]).toBe(2);
  });
});

describe('countKey', () => {
  it('agrees', () => {
    fc.assert(
      fc.property(withKey, ({ by, key }) => {
        const arena = openArena();
        const at = arena.input(by);
        const { returned } = runBoth(arena, (kernels) => kernels.countKey(at, key, by.length));
        expect(returned).toBe(by.filter((value) => keyOf(value) === key).length);
      }),
    );
  });
});

type Zero = (kernels: Kernels, by: number, target: number, count: number) => void;

function zeroed(by: Tile, target: Tile, padded: boolean, call: Zero): Values {
  const arena = openArena();
  const from = arena.input(by);
  const to = arena.result(target, { padded });
  return runBoth(arena, (kernels) => call(kernels, from, to, by.length)).results[0]!;
}

describe('zeroBelow, zeroFrom, zeroEqual', () => {
  it('agree with their definitions', () => {
    fc.assert(
      fc.property(withKey, fc.nat(6), fc.nat(1), ({ by, target, key }, few, spare) => {
        const below = zeroed(by, target, true, (k, x, y, n) => k.zeroBelow(x, key, y, n));
        expect(below).toEqual(target.map((value, j) => (keyOf(by[j]!) < key ? 0 : value)));
        const from = zeroed(by, target, true, (k, x, y, n) => k.zeroFrom(x, key, y, n));
        expect(from).toEqual(target.map((value, j) => (keyOf(by[j]!) < key ? value : 0)));
        const equal = zeroed(by, target, false, (k, x, y, n) =>
          k.zeroEqual(x, key, few, spare, y, n),
        );
        let seen = 0;
        const wanted = target.map((value, j) => {
          if (keyOf(by[j]!) !== key) return value;
          return seen++ < few === (spare === 1) ? value : 0;
        });
        expect(equal).toEqual(wanted);
      }),
      { numRuns: 300 },
    );
  });

  it('work on a target that is its own measure', () => {
    const arena = openArena();
    const x = arena.result(Float32Array.of(1, -2, 3, -4, 5), { padded: true });
    const { results } = runBoth(arena, (kernels) => kernels.zeroBelow(x, keyOf(3), x, 5));
    expect(results[0]).toEqual(Float32Array.of(0, 0, 3, -4, 5));
  });

  it('order float64 by the magnitude rounded to float32', () => {
    const arena = openArena();
    const x = arena.input(Float64Array.of(1, 1 + 2 ** -40, -1, 1e300, 1 + 2 ** -20));
    const count = (key: number) =>
      runOn(scalar64, arena, (kernels) => kernels.countKey(x, key, 5)).returned;
    expect(count(keyOf(1))).toBe(3);
    expect(count(keyOf(INFINITY))).toBe(1);
  });
});
