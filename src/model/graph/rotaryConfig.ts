/** Rotary positions as config.json describes them, in either spelling. */

import { badInput } from '../../errors.ts';
import type { Config } from './config.ts';
import type { Rotary } from './rotary.ts';
import { SCALINGS, switchesAtTrainedLength, trainedLength, typeOf } from './rotaryScaling.ts';

export const LAYER_TYPES = ['full_attention', 'sliding_attention'] as const;
export type LayerType = (typeof LAYER_TYPES)[number];

export interface RotaryOptions {
  readonly layer: LayerType;
  /** Base of the angles where the config has none. */
  readonly theta: number;
  /** Name of the base in older configs, if these layers have one of their own; they are not scaled. */
  readonly ownBase?: string;
}

/**
 * From either spelling of config.json: `rope_parameters` (one for all layers, or one per type of
 * layer), or `rope_theta` and `rope_scaling`.
 */
export function rotaryOf(config: Config, headSize: number, options: RotaryOptions): Rotary {
  const { layer, ownBase } = options;
  const parameters = config.object('rope_parameters');
  const own = parameters?.object(layer) ?? parameters ?? config;
  const scaling = parameters ? own : ownBase ? undefined : config.object('rope_scaling');
  const base = parameters ? 'rope_theta' : (ownBase ?? 'rope_theta');
  const theta = own.number(base, options.theta);
  const share = own.number('partial_rotary_factor', config.number('partial_rotary_factor', 1));
  const size = Math.floor(headSize * share);
  const plain = Array.from({ length: size / 2 }, (_, i) => theta ** ((-2 * i) / size));
  const type = scaling ? typeOf(scaling) : 'default';
  const scaled = SCALINGS[type];
  if (!scaled) {
    const known = Object.keys(SCALINGS).join(', ');
    throw badInput(`config.json: rope scaling "${type}" is not supported (these are: ${known})`);
  }
  return { size, amplitude: 1, ...scaled(plain, scaling ?? own, config) };
}

/**
 * The length beyond which all tokens of a text turn otherwise, if there is one: states of all layers
 * change with it, so nothing that was cached before holds.
 */
export function switchLengthOf(config: Config): number | undefined {
  const scaling = config.object('rope_parameters') ?? config.object('rope_scaling');
  return scaling && switchesAtTrainedLength(scaling) ? trainedLength(scaling, config) : undefined;
}
