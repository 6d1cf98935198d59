/**
 * Rotary positions: pairs (x_i, x_(i + d/2)) of a head are turned by the angle position * w_i with
 * w_i = theta^(-2 i / d). Su et al., RoFormer, 2021 (arXiv 2104.09864).
 *
 * Scalings for longer texts: `linear` (w / factor; Chen et al., 2023, arXiv 2306.15595), `llama3`
 * (slow pairs only; Llama 3, arXiv 2407.21783), `longrope` (a factor per pair, another list beyond the
 * trained length; Ding et al., 2024, arXiv 2402.13753).
 */

import { badInput } from '../../errors.ts';
import { type Config, numberList } from './config.ts';
import type { GraphBuilder, Value } from './graph.ts';
import { cast, concat, multiply, range, reshape, scale, unsqueeze } from './operators.ts';

export interface Rotary {
  /** Numbers of a head that are turned. */
  readonly size: number;
  /** w_i for i < size / 2. */
  readonly frequencies: readonly number[];
  /** Used instead when the text is longer than `beyond` tokens. */
  readonly long?: { readonly frequencies: readonly number[]; readonly beyond: number };
  /** Factor of cosines and sines. */
  readonly amplitude: number;
}

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

type Scaling = (
  plain: readonly number[],
  scaling: Config,
  config: Config,
) => Pick<Rotary, 'frequencies'> & Partial<Rotary>;

const LONG_SCALINGS: Readonly<Record<string, Scaling>> = { longrope: longRope, su: longRope };

const SCALINGS: Readonly<Record<string, Scaling>> = {
  default: (frequencies) => ({ frequencies }),
  linear: (plain, scaling) => {
    const factor = scaling.number('factor');
    return { frequencies: plain.map((w) => w / factor) };
  },
  llama3: llama3Frequencies,
  ...LONG_SCALINGS,
};

function typeOf(scaling: Config): string {
  return scaling.string('rope_type', scaling.string('type', 'default'));
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

function trainedLength(scaling: Config, config: Config): number {
  const usual = config.optionalNumber('original_max_position_embeddings');
  return scaling.number(
    'original_max_position_embeddings',
    usual ?? config.number('max_position_embeddings'),
  );
}

/**
 * The length beyond which all tokens of a text turn otherwise, if there is one: states of all layers
 * change with it, so nothing that was cached before holds.
 */
export function switchLengthOf(config: Config): number | undefined {
  const scaling = config.object('rope_parameters') ?? config.object('rope_scaling');
  return scaling && typeOf(scaling) in LONG_SCALINGS ? trainedLength(scaling, config) : undefined;
}

/** Angles of tokens, ready to turn queries or keys with. */
export interface Angles {
  /** [tokens, size / 2] */
  readonly cosines: Value;
  readonly sines: Value;
  /** [batch, length]: the row of each token in these. */
  readonly places: Value;
  readonly size: number;
}

/** @param positions [batch, length] @param mask [batch, total], 1 for tokens */
export function rotaryAngles(
  g: GraphBuilder,
  positions: Value,
  mask: Value,
  rotary: Rotary,
): Angles {
  const half = rotary.size / 2;
  const column = unsqueeze(g, cast(g, positions, 'float32'), [2]);
  const angles = reshape(g, multiply(g, column, frequenciesFor(g, mask, rotary)), [-1, half]);
  const shape = g.apply('Shape', [positions]);
  const count = g.apply('ReduceProd', [shape], { keepdims: 1 });
  return {
    cosines: scale(g, g.apply('Cos', [angles]), rotary.amplitude),
    sines: scale(g, g.apply('Sin', [angles]), rotary.amplitude),
    places: g.apply('Reshape', [range(g, count), shape]),
    size: half * 2,
  };
}

/** [size / 2], or those of each row by its own length: [batch, 1, size / 2]. */
function frequenciesFor(g: GraphBuilder, mask: Value, { frequencies, long }: Rotary): Value {
  if (!long) return g.floats(frequencies);
  const lengths = g.apply('ReduceSum', [mask, g.ints([-1])], { keepdims: 1 });
  const isLong = unsqueeze(g, g.apply('Greater', [lengths, g.ints([long.beyond], [])]), [2]);
  return g.apply('Where', [isLong, g.floats(long.frequencies), g.floats(frequencies)]);
}

/** @param x [batch, heads, length, size of a head] */
export function rotate(g: GraphBuilder, x: Value, angles: Angles, headSize: number): Value {
  if (angles.size === headSize) return turned(g, x, angles);
  const [first, rest] = g.applyMany(
    'Split',
    [x, g.ints([angles.size, headSize - angles.size])],
    2,
    { axis: -1 },
  ) as [Value, Value];
  return concat(g, [turned(g, first, angles), rest], -1);
}

function turned(g: GraphBuilder, x: Value, { cosines, sines, places }: Angles): Value {
  return g.apply('RotaryEmbedding', [x, places, cosines, sines], { interleaved: 0 });
}
