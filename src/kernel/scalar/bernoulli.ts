/**
 * Keeping each element with one and the same probability: a draw is a binary fraction, kept when it
 * is less than threshold / 2^32. Bit l (from the highest) of the draw of element
 * 512 g + 128 w + 32 b + r is bit r of word w of the Philox block with counter (4 g + b, 0, l, 0).
 *
 * The truth for ../assembly/bernoulli.ts.
 */

import type { Pointer } from '../kernels.ts';
import { type Block, type Key, philoxBlock } from './random.ts';
import { numbersAt, type Tiles } from './tiles.ts';

export function dropRandomly(
  tiles: Tiles,
  x: Pointer,
  keyLow: number,
  keyHigh: number,
  start: number,
  threshold: number,
  _words: Pointer,
  count: number,
): void {
  const values = numbersAt(tiles, x, count);
  const isKept = drawsOf([keyLow >>> 0, keyHigh >>> 0], threshold >>> 0);
  for (let j = 0; j < count; j++) if (!isKept(start + j)) values[j] = 0;
}

/** Tells of an element whether it is kept; remembers the blocks, each of which serves 128. */
export function drawsOf(key: Key, threshold: number): (element: number) => boolean {
  const known = new Map<number, Block>();
  const blockOf = (block: number, level: number): Block => {
    const place = block * 32 + level;
    const words = known.get(place) ?? philoxBlock([block, 0, level, 0], key);
    known.set(place, words);
    return words;
  };
  return (element) => {
    const block = Math.floor(element / 512) * 4 + (Math.floor(element / 32) % 4);
    const word = Math.floor(element / 128) % 4;
    for (let level = 0, left = threshold; left !== 0; level++, left = (left << 1) >>> 0) {
      const drawn = (blockOf(block >>> 0, level)[word]! >>> (element % 32)) & 1;
      if (drawn !== left >>> 31) return drawn === 0;
    }
    return false;
  };
}
