/**
 * Philox4x32-7 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) and the draws
 * taken from it. One round, with the 64-bit products p = M0 c0 and q = M1 c2:
 *
 *   (c0, c1, c2, c3) := (high(q) ^ c1 ^ k0, low(q), high(p) ^ c3 ^ k1, low(p)),  k += W.
 *
 * Element 32 g + 8 w + 4 h + b takes half h (0: low) of word w of the block with counter
 * (4 g + b, 0, level, 0): level 0 gives the upper 16 bits of its draw, level 1 the lower, which are
 * needed only when the upper equal the threshold's. Kept: draw < probability 2^32.
 *
 * The truth for ../assembly/random.ts.
 */

import type { Pointer } from '../kernels.ts';
import { numbersAt, type Tiles } from './tiles.ts';

export type Block = readonly [number, number, number, number];
export type Key = readonly [number, number];

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;
const ROUNDS = 7;

/** Upper 32 bits of the product of two uint32, by halves of 16 bits. */
function highProduct(a: number, b: number): number {
  const aHigh = a >>> 16;
  const aLow = a & 0xffff;
  const bHigh = b >>> 16;
  const bLow = b & 0xffff;
  const middle = aHigh * bLow + Math.floor((aLow * bLow) / 65536);
  const carry = Math.floor(((middle % 65536) + aLow * bHigh) / 65536);
  return (aHigh * bHigh + Math.floor(middle / 65536) + carry) >>> 0;
}

export function philoxBlock(counter: Block, key: Key): Block {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const first = (highProduct(M1, c2) ^ c1 ^ k0) >>> 0;
    const third = (highProduct(M0, c0) ^ c3 ^ k1) >>> 0;
    c1 = Math.imul(M1, c2) >>> 0;
    c3 = Math.imul(M0, c0) >>> 0;
    c0 = first;
    c2 = third;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The sixteen bits of a level for each of the 32 elements of a group. */
function groupDraws(key: Key, group: number, level: number): Uint16Array {
  const draws = new Uint16Array(32);
  for (let b = 0; b < 4; b++) {
    const words = philoxBlock([(group * 4 + b) >>> 0, 0, level, 0], key);
    for (const [w, word] of words.entries()) {
      draws[8 * w + b] = word & 0xffff;
      draws[8 * w + 4 + b] = word >>> 16;
    }
  }
  return draws;
}

/** Calls `visit` for each element with the test whether its draw is below a threshold. */
function forEachDraw(
  key: Key,
  start: number,
  count: number,
  visit: (j: number, isBelow: (threshold: number) => boolean) => void,
): void {
  let group = -1;
  let draws: Uint16Array = new Uint16Array(32);
  for (let j = 0; j < count; j++) {
    const own = Math.floor((start + j) / 32);
    const place = (start + j) % 32;
    if (own !== group) draws = groupDraws(key, own, 0);
    group = own;
    visit(j, (threshold) => {
      const upper = draws[place]!;
      if (upper !== Math.floor(threshold / 65536)) return upper * 65536 < threshold;
      return groupDraws(key, own, 1)[place]! < threshold % 65536;
    });
  }
}

/** Keeps each element with its own probability and divides the kept ones by it, if `divide`. */
export function dropByProbability(
  tiles: Tiles,
  x: Pointer,
  probabilities: Pointer,
  keyLow: number,
  keyHigh: number,
  start: number,
  _words: Pointer,
  divide: number,
  count: number,
): void {
  const values = numbersAt(tiles, x, count);
  const chances = numbersAt(tiles, probabilities, count);
  forEachDraw([keyLow >>> 0, keyHigh >>> 0], start, count, (j, isBelow) => {
    const chance = chances[j]!;
    const isKept = isBelow(Math.floor(chance * 2 ** 32));
    const kept = divide ? tiles.round(values[j]! / chance) : values[j]!;
    values[j] = isKept ? kept : 0;
  });
}
