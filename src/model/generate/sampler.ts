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
import { minPCut, NO_CUT, tokenAt, topKCut, topPCut, WHOLE_ROW, weightsInto } from './cuts.ts';

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
  const weights = new Float64Array(vocabularySize);
  const scratch = new Float64Array(vocabularySize);
  return (row, place) => {
    const possible = topK === undefined ? WHOLE_ROW : topKCut(row, topK, scratch);
    weightsInto(weights, row, temperature, possible);
    let cut = topP === undefined ? NO_CUT : topPCut(weights, topP, scratch);
    if (minP !== undefined) cut = minPCut(minP, cut);
    return tokenAt(weights, cut, uniformAt(seed, place));
  };
}

/** 53 bits of a Philox block, in [0, 1). */
export function uniformAt(seed: number, { inputHash, sample, step }: DrawPlace): number {
  const [a, b] = philoxBlock([step, sample, 0, 0], [seed, inputHash]);
  return ((a >>> 5) * 2 ** 26 + (b >>> 6)) / 2 ** 53;
}

export function hashTokens(tokens: readonly number[]): number {
  return tokens.reduce((hash, token) => mixUint32(Math.imul(hash, 31) + token + 1), tokens.length);
}
