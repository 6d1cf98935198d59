import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  mixUint32,
  seededRandom,
  shuffle,
  uniformInteger,
  xoshiro128,
} from '../../src/numeric/random.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('xoshiro128**', () => {
  it('gives the published answers from the state 1, 2, 3, 4', () => {
    const random = xoshiro128([1, 2, 3, 4]);
    const known = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849];
    expect(known.map(() => random.nextUint32())).toEqual(known);
  });

  it('repeats from a seed and differs between seeds', () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed);
      return Array.from({ length: 8 }, () => random.nextUint32());
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('refuses what is not a 32-bit seed', () => {
    for (const seed of [-1, 1.5, 2 ** 32, Number.NaN])
      expect(() => seededRandom(seed)).toThrow(/seed/);
  });
});

describe('mixUint32', () => {
  it('gives the known answers of the MurmurHash3 finalizer', () => {
    expect(mixUint32(0)).toBe(0);
    expect(mixUint32(1)).toBe(0x514e28b7);
    expect(mixUint32(0xffffffff)).toBe(0x81f16f39);
  });
});

describe('uniformInteger', () => {
  it('rejects draws from the incomplete last block', () => {
    const draws = [2 ** 32 - 1, 2 ** 32 - 2, 5];
    expect(uniformInteger({ nextUint32: () => draws.shift()! }, 3 * 2 ** 30)).toBe(5);
  });

  it('fills its range evenly', () => {
    const random = seededRandom(1);
    const counts = [0, 0, 0, 0, 0];
    for (let i = 0; i < 10_000; i++) counts[uniformInteger(random, 5)]!++;
    const chiSquare = counts.reduce((sum, count) => sum + (count - 2000) ** 2 / 2000, 0);
    expect(chiSquare).toBeLessThan(18.47); // the 99.9 % point for 4 degrees of freedom
  });
});

describe('shuffle', () => {
  it('keeps the items and depends on the seed alone', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), seeds, (items, seed) => {
        const once = shuffle([...items], seededRandom(seed));
        expect(once).toEqual(shuffle([...items], seededRandom(seed)));
        expect(once.toSorted()).toEqual(items.toSorted());
      }),
    );
  });

  it('gives every order of three items about equally often', () => {
    const random = seededRandom(3);
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = shuffle(['a', 'b', 'c'], random).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(20.52); // the 99.9 % point for 5 degrees of freedom
  });
});
