/** Task vectors of stored BF16 values: SIMD = scalar = decoding, subtracting and what tiles have. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Kernels, type Pointer, RANDOM_SCRATCH_BYTES } from '../../src/kernel/kernels.ts';
import { NAN_KEY } from '../../src/kernel/scalar/select.ts';
import { openArena, runBoth, runOn, scalar } from './arena.ts';
import { weight } from './values.ts';

const INFINITY_KEY = 0x7f800000;
/** Stored values as files have them, any bits among them, often near the other vector's. */
const bits = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0x3c00, max: 0x3c20 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 0x8000, 0x7f80, 0xff80, 0x7fc0, 0x7f81, 0xffff) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
);
const length = fc.oneof(fc.nat(20), fc.nat(200));
const pairs = length.chain((count) => {
  const stored = fc.array(bits, { minLength: count, maxLength: count });
  return fc.tuple(stored, stored).map(([x, base]) => ({
    x: Uint16Array.from(x),
    base: Uint16Array.from(base),
  }));
});
/** Keys of the differences, their neighbours, and the ends of all keys. */
const key = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0x37000000, max: 0x3c000000 }) },
  {
    weight: 3,
    arbitrary: fc.nat(32).map((n) => new Uint32Array(Float32Array.of(n / 16384).buffer)[0]!),
  },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, INFINITY_KEY, NAN_KEY, NAN_KEY + 1) },
);

type Pair = { readonly x: Uint16Array<ArrayBuffer>; readonly base: Uint16Array<ArrayBuffer> };

/** The task vector in a tile, by decoding, and what `then` does with it there. */
function throughTile(
  { x, base }: Pair,
  then: (kernels: Kernels, delta: Pointer) => unknown = () => {},
) {
  const arena = openArena();
  const [own, other] = [arena.input(x), arena.input(base)];
  const decoded = arena.scratch(x.length * 4);
  const delta = arena.result(new Float32Array(x.length), { padded: true });
  return runOn(scalar, arena, (kernels) => {
    kernels.decode('BF16', other, decoded, x.length);
    kernels.decodeDelta('BF16', own, decoded, delta, x.length);
    return then(kernels, delta);
  });
}

function open({ x, base }: Pair) {
  const arena = openArena();
  const [own, other] = [arena.input(x), arena.input(base)];
  const target = arena.result(new Float32Array(x.length).fill(9), { padded: 8 });
  return { arena, own, other, target, count: x.length };
}

describe('deltaBf16', () => {
  it('agrees, and is the difference of the decoded values', () => {
    fc.assert(
      fc.property(pairs, (pair) => {
        const { arena, own, other, target, count } = open(pair);
        const { results } = runBoth(arena, (k) => k.deltaBf16(own, other, target, count));
        expect(results).toEqual(throughTile(pair).results);
      }),
      { numRuns: 300 },
    );
  });
});

describe('deltaWithinBf16', () => {
  it('agrees, keeps what is between two keys and counts what has two keys', () => {
    fc.assert(
      fc.property(pairs, key, key, key, key, (pair, from, end, first, second) => {
        const { arena, own, other, target, count } = open(pair);
        const band = arena.result(Int32Array.of(from, end, first, second, 7, 7));
        const { results } = runBoth(arena, (k) =>
          k.deltaWithinBf16(own, other, band, target, count),
        );
        const delta = throughTile(pair).results[0]! as Float32Array;
        const keys = Array.from(delta, (d) =>
          Number.isNaN(d) ? NAN_KEY : new Uint32Array(Float32Array.of(Math.abs(d)).buffer)[0]!,
        );
        expect(results[0]).toEqual(
          delta.map((d, j) => (from <= keys[j]! && keys[j]! < end ? d : 0)),
        );
        const having = (wanted: number) => keys.filter((own) => own === wanted).length;
        const last = end > NAN_KEY ? 0 : having(second);
        expect(results[1]).toEqual(Int32Array.of(from, end, first, second, having(first), last));
      }),
      { numRuns: 500 },
    );
  });
});

describe('deltaAtRandomBf16', () => {
  it('agrees, and keeps what dropRandomly keeps, multiplied', () => {
    const start = fc.oneof(
      fc.nat(3000),
      fc.nat(2 ** 27).map((eight) => eight * 8),
    );
    const word = fc.nat(0xffffffff);
    fc.assert(
      fc.property(
        pairs,
        fc.tuple(word, word),
        start,
        word,
        weight,
        (pair, keys, first, limit, by) => {
          const { arena, own, other, target, count } = open(pair);
          const [low, high] = keys;
          const words = arena.scratch(RANDOM_SCRATCH_BYTES);
          const { results } = runBoth(arena, (k) =>
            k.deltaAtRandomBf16(own, other, low, high, first, limit, by, words, target, count),
          );
          const wanted = throughTile(pair, (k, delta) => {
            k.scale(delta, by, delta, count);
            k.dropRandomly(delta, low, high, first, limit, words, count);
          });
          expect(results).toEqual(wanted.results);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('histogramDeltaKeys', () => {
  it('agrees, and counts the keys that histogramKeys counts', () => {
    const sizes = fc.constantFrom(1, 7, 300);
    const firsts = fc
      .oneof(key, fc.constant(INFINITY_KEY - 100))
      .map((k) => Math.min(k, NAN_KEY - 299));
    fc.assert(
      fc.property(pairs, firsts, sizes, (pair, first, size) => {
        const arena = openArena();
        const [own, other] = [arena.input(pair.x), arena.input(pair.base)];
        const bins = arena.result(new Uint32Array(size).fill(5));
        const found = runBoth(arena, (k) =>
          k.histogramDeltaKeys(own, other, first, size, bins, pair.x.length),
        );
        const delta = throughTile(pair).results[0]!;
        const tiles = openArena();
        const tile = tiles.input(delta);
        const wantedBins = tiles.result(new Uint32Array(size).fill(5));
        const wanted = runOn(scalar, tiles, (k) =>
          k.histogramKeys(tile, first, size, wantedBins, delta.length),
        );
        expect(found).toEqual(wanted);
      }),
      { numRuns: 500 },
    );
  });
});
