/**
 * What makes rotary positions w_i = theta^(-2 i / d) fit for texts longer than a model was trained on;
 * L is the trained length, s the factor.
 *
 *   linear    w / s. Chen et al., 2023 (arXiv 2306.15595)
 *   llama3    the same for slow pairs only. Llama 3, 2024 (arXiv 2407.21783)
 *   longrope  a factor per pair, another list beyond L. Ding et al., 2024 (arXiv 2402.13753)
 *   yarn      w (1 - r_i) + (w / s) r_i, where r_i rises from 0, for pairs that turn beta_fast times
 *             within L, to 1, for those that turn beta_slow times; cosines and sines are multiplied by
 *             0.1 ln s + 1. Peng et al., 2023 (arXiv 2309.00071). As in their code, and in that of
 *             transformers, r rises with i and not with the turns.
 *   dynamic   theta rises with the length of the text, but only beyond `max_position_embeddings`, and no
 *             longer text is read here: keys in a cache would have been turned by another theta, so
 *             that the same text had other states with a cache than without. So nothing changes.
 */

import { type Config, numberList } from './config.ts';
import type { Rotary } from './rotary.ts';

type Scaling = (
  plain: readonly number[],
  scaling: Config,
  config: Config,
) => Pick<Rotary, 'frequencies'> & Partial<Rotary>;

export const SCALINGS: Readonly<Record<string, Scaling>> = {
  default: (frequencies) => ({ frequencies }),
  linear: (plain, scaling) => {
    const factor = scaling.number('factor');
    return { frequencies: plain.map((w) => w / factor) };
  },
  dynamic: (frequencies) => ({ frequencies }),
  llama3: llama3Frequencies,
  yarn,
  longrope: longRope,
  su: longRope,
};

export function typeOf(scaling: Config): string {
  return scaling.string('rope_type', scaling.string('type', 'default'));
}

/** Whether all tokens of a text turn otherwise beyond the trained length. */
export function switchesAtTrainedLength(scaling: Config): boolean {
  return SCALINGS[typeOf(scaling)] === longRope;
}

function llama3Frequencies(plain: readonly number[], scaling: Config) {
  const factor = scaling.number('factor');
  const low = scaling.number('low_freq_factor');
  const high = scaling.number('high_freq_factor');
  const trained = scaling.number('original_max_position_embeddings');
  const frequencies = plain.map((w) => {
    const turns = (trained * w) / (2 * Math.PI);
    if (turns < low) return w / factor;
    if (turns > high) return w;
    const smooth = (turns - low) / (high - low);
    return ((1 - smooth) * w) / factor + smooth * w;
  });
  return { frequencies };
}

function yarn(plain: readonly number[], scaling: Config, config: Config) {
  const trained = trainedLength(scaling, config);
  const longest = config.optionalNumber('max_position_embeddings') ?? trained;
  const factor = scaling.number('factor', longest / trained);
  const [first, last] = [scaling.number('beta_fast', 32), scaling.number('beta_slow', 1)].map(
    (turns) => pairThatTurns(plain, (2 * Math.PI * turns) / trained),
  ) as [number, number];
  const isWhole = scaling.flag('truncate', true);
  const low = Math.max(isWhole ? Math.floor(first) : first, 0);
  const high = Math.min(isWhole ? Math.ceil(last) : last, 2 * plain.length - 1);
  const width = high === low ? 0.001 : high - low;
  const frequencies = plain.map((w, i) => {
    const share = Math.min(Math.max((i - low) / width, 0), 1);
    return w * (1 - share) + (w / factor) * share;
  });
  return { frequencies, amplitude: yarnAmplitude(factor, scaling) };
}

/** The place between the pairs where w would be so large: ln w falls evenly. */
function pairThatTurns(plain: readonly number[], w: number): number {
  return (Math.log(w) / Math.log(plain.at(-1)!)) * (plain.length - 1);
}

function yarnAmplitude(factor: number, scaling: Config): number {
  const [own, all] = [scaling.optionalNumber('mscale'), scaling.optionalNumber('mscale_all_dim')];
  const usual = (weight: number) => (factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1);
  return scaling.number('attention_factor', own && all ? usual(own) / usual(all) : usual(1));
}

function longRope(plain: readonly number[], scaling: Config, config: Config) {
  const longest = config.number('max_position_embeddings');
  const beyond = trainedLength(scaling, config);
  const factor = longest / beyond;
  const usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(beyond));
  const divided = (name: string) => {
    const factors = numberList(scaling, name, plain.length);
    return plain.map((w, i) => w / factors[i]!);
  };
  return {
    frequencies: divided('short_factor'),
    long: { frequencies: divided('long_factor'), beyond },
    amplitude: scaling.number('attention_factor', usual),
  };
}

export function trainedLength(scaling: Config, config: Config): number {
  const usual = config.optionalNumber('original_max_position_embeddings');
  return scaling.number(
    'original_max_position_embeddings',
    usual ?? config.number('max_position_embeddings'),
  );
}
