/**
 * Seeded pseudo-random numbers for things drawn in sequence: shuffles, resamples.
 *
 * xoshiro128** of D. Blackman and S. Vigna, "Scrambled Linear Pseudorandom Number Generators",
 * ACM TOMS 47(4), 2021. Not for merge methods, which need a draw per element in any order, and not
 * for secrets.
 */

import { badInput } from '../errors.ts';

export interface RandomSource {
  /** The next 32 bits, as an integer in [0, 2^32). */
  nextUint32(): number;
}

export type XoshiroState = readonly [number, number, number, number];

const TWO_TO_32 = 2 ** 32;
const GOLDEN_RATIO = 0x9e3779b9;

/** A source whose whole sequence follows from `seed`, an integer in [0, 2^32). */
export function seededRandom(seed: number): RandomSource {
  if (!Number.isInteger(seed) || seed < 0 || seed >= TWO_TO_32) {
    throw badInput(`seed: ${seed} is not an integer from 0 to ${TWO_TO_32 - 1}`);
  }
  // The words are distinct, mixing being a bijection, so the forbidden all-zero state cannot occur.
  const word = (i: number) => mixUint32((seed + i * GOLDEN_RATIO) >>> 0);
  return xoshiro128([word(1), word(2), word(3), word(4)]);
}

export function xoshiro128(state: XoshiroState): RandomSource {
  let [a, b, c, d] = state;
  return {
    nextUint32() {
      const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
      const t = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= t;
      d = rotateLeft(d, 11);
      return result;
    },
  };
}

/** A uniform integer in [0, bound); draws in the incomplete last block are rejected. */
export function uniformInteger(random: RandomSource, bound: number): number {
  const limit = TWO_TO_32 - (TWO_TO_32 % bound);
  let draw = random.nextUint32();
  while (draw >= limit) draw = random.nextUint32();
  return draw % bound;
}

/** Shuffles in place (Fisher and Yates, in Durstenfeld's order) and returns the same array. */
export function shuffle<T extends unknown[] | Uint32Array>(items: T, random: RandomSource): T {
  for (let last = items.length - 1; last > 0; last--) {
    const other = uniformInteger(random, last + 1);
    const kept = items[last]!;
    items[last] = items[other]!;
    items[other] = kept;
  }
  return items;
}

/** The 32-bit finalizer of MurmurHash3 (A. Appleby, public domain): a bijection that mixes well. */
export function mixUint32(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function rotateLeft(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}
