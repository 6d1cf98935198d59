/**
 * The random draws of resampling: rows of a table, or for each row whether the systems change places.
 * They are made one by one as they are asked for, since all of them may be larger than the data.
 */

import { badInput } from '../../errors.ts';
import { seededRandom, uniformInteger } from '../../numeric/random.ts';

export interface ResamplingOptions {
  /** An integer in [0, 2^32); the same seed draws the same items for every pair of systems. */
  readonly seed?: number;
  /** How often the items are drawn, and swapped, anew. */
  readonly resamples?: number;
}

export const DEFAULT_SEED = 0;
export const DEFAULT_RESAMPLES = 1000;

/** Each of `resamples` draws holds `count` rows from 0 to count - 1, with repetition. */
export function* bootstrapDraws(
  count: number,
  { seed = DEFAULT_SEED, resamples = DEFAULT_RESAMPLES }: ResamplingOptions,
): Generator<Uint32Array> {
  const random = seededRandom(seed);
  for (let draw = 0; draw < requireResamples(resamples); draw++) {
    const rows = new Uint32Array(count);
    for (let i = 0; i < count; i++) rows[i] = uniformInteger(random, count);
    yield rows;
  }
}

/** Each of `resamples` draws holds, for `count` rows, 1 where the systems change places. */
export function* swapDraws(
  count: number,
  { seed = DEFAULT_SEED, resamples = DEFAULT_RESAMPLES }: ResamplingOptions,
): Generator<Uint8Array> {
  const random = seededRandom(seed);
  for (let draw = 0; draw < requireResamples(resamples); draw++) {
    const swaps = new Uint8Array(count);
    let bits = 0;
    for (let i = 0; i < count; i++) {
      bits = i % 32 === 0 ? random.nextUint32() : bits >>> 1;
      swaps[i] = bits & 1;
    }
    yield swaps;
  }
}

function requireResamples(resamples: number): number {
  if (Number.isInteger(resamples) && resamples >= 2) return resamples;
  throw badInput(`resamples: ${resamples} is not a whole number above 1`);
}
