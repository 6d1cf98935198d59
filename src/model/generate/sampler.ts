/**
 * Draws a token from a row: p(token) proportional to exp(row[token] / temperature) over what the cuts
 * keep.
 *
 * The uniform number of a draw is a function of the seed, the input's tokens, the sample's number and
 * the step alone (Philox, as in merging), so that a text does not depend on its batch. Its inverse
 * distribution function runs over tokens in the order of their numbers: noise in the last bits of a
 * row seldom changes a draw, whereas it often changes the order of probabilities.
 */

import { philoxBlock } from '../../kernel/scalar/random.ts';
import { mixUint32 } from '../../numeric/random.ts';
import { type Cut, largestOf, minPCut, NO_CUT, topKCut, topPCut, totalWeight } from './cuts.ts';

export interface SamplingSettings {
  readonly temperature: number;
  readonly topK: number | undefined;
  readonly topP: number | undefined;
  readonly minP: number | undefined;
  readonly seed: number;
}

/** Where in a generation a draw is made. */
export interface DrawPlace {
  readonly inputHash: number;
  readonly sample: number;
  readonly step: number;
}

/** -1 where no token is possible. */
export type Sampler = (row: Float32Array, place: DrawPlace) => number;

export function createSampler(settings: SamplingSettings, vocabularySize: number): Sampler {
  const { temperature, topK, topP, minP, seed } = settings;
  const scratch = new Float32Array(topK === undefined && topP === undefined ? 0 : vocabularySize);
  return (row, place) => {
    let cut = NO_CUT;
    if (topK !== undefined) cut = topKCut(row, topK, cut, scratch);
    if (topP !== undefined) cut = topPCut(row, topP, temperature, cut, scratch);
    if (minP !== undefined) cut = minPCut(row, minP, temperature, cut);
    return tokenAt(row, temperature, cut, uniformAt(seed, place));
  };
}

/** The token where the distribution function passes `uniform`, which is in [0, 1). */
export function tokenAt(row: Float32Array, temperature: number, cut: Cut, uniform: number): number {
  const largest = largestOf(row);
  const target = uniform * totalWeight(row, temperature, cut, largest);
  let tiesLeft = cut.ties;
  let total = 0;
  let last = -1;
  for (let token = 0; token < row.length; token++) {
    const value = row[token]!;
    if (!(value > cut.threshold) && !(value === cut.threshold && tiesLeft-- > 0)) continue;
    last = token;
    total += Math.exp((value - largest) / temperature);
    if (total > target) return token;
  }
  // Where rounding made the target as large as the total.
  return last;
}

/** 53 bits of a Philox block, in [0, 1). */
export function uniformAt(seed: number, { inputHash, sample, step }: DrawPlace): number {
  const [a, b] = philoxBlock([step, sample, 0, 0], [seed, inputHash]);
  return ((a >>> 5) * 2 ** 26 + (b >>> 6)) / 2 ** 53;
}

export function hashTokens(tokens: readonly number[]): number {
  return tokens.reduce((hash, token) => mixUint32(Math.imul(hash, 31) + token + 1), tokens.length);
}
