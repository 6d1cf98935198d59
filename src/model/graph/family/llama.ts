/** Llama, Mistral, Qwen2, Qwen3: the plain decoder. Touvron et al., 2023 (arXiv 2302.13971). */

import type { Json } from '../../../checkpoint/checkpoint.ts';
import { badInput } from '../../../errors.ts';
import type { Heads } from '../attention.ts';
import { type Config, quotient } from '../config.ts';
import type { AttentionKind, DecoderSpec } from '../decoder.ts';
import { gatedMlp } from '../layers.ts';
import { LAYER_TYPES, type LayerType, rotaryOf } from '../rotaryConfig.ts';
import { decoderFamily } from './decoderFamily.ts';
import type { Family } from './family.ts';

/** Whether all projections of attention have a bias, where the config decides. */
export function biasedAttention(config: Config): AttentionKind {
  const hasBias = config.flag('attention_bias', false);
  return { inputBias: hasBias, outputBias: hasBias };
}

export const llama: readonly Family[] = [
  ...familyOf('Llama', (config) => ({
    attention: biasedAttention(config),
    mlpBias: config.flag('mlp_bias', false),
  })),
  ...familyOf('Mistral', () => ({ attention: {} })),
  ...familyOf('Qwen2', () => ({ attention: { inputBias: true } })),
  ...familyOf('Qwen3', (config) => ({
    attention: { ...biasedAttention(config), hasHeadNorms: true },
  })),
];

function familyOf(name: string, kindOf: (config: Config) => LlamaKind): readonly Family[] {
  return decoderFamily(name, (config) => llamaSpec(config, kindOf(config)));
}

/** What a family has beside its config. */
export interface LlamaKind {
  readonly attention: AttentionKind;
  readonly mlpBias?: boolean;
  /** Where the config has none. */
  readonly theta?: number;
}

/** What configs of this kind agree on. */
export function llamaSpec(config: Config, kind: LlamaKind): DecoderSpec {
  const width = config.number('hidden_size');
  const heads = headsOf(config);
  const { size } = heads;
  const turnOf = (layer: LayerType) =>
    rotaryOf(config, size, { layer, theta: kind.theta ?? USUAL_THETA });
  return {
    width,
    vocabulary: config.number('vocab_size'),
    attention: kind.attention,
    layerTypes: layerTypesOf(config),
    heads,
    epsilon: config.number('rms_norm_eps', 1e-6),
    scoreScale: size ** -0.5,
    rotary: {
      full_attention: turnOf('full_attention'),
      sliding_attention: turnOf('sliding_attention'),
    },
    window: windowOf(config),
    tiedHead: config.flag('tie_word_embeddings', false),
    mlp: gatedMlpOf(config, config.string('hidden_act', 'silu'), kind.mlpBias),
  };
}

const USUAL_THETA = 10000;

function headsOf(config: Config): Heads {
  const queries = config.number('num_attention_heads');
  const keys = config.number('num_key_value_heads', queries);
  if (queries % keys !== 0) {
    throw badInput(`config.json: ${queries} heads of queries cannot share ${keys} heads of keys`);
  }
  const size = config.optionalNumber('head_dim');
  return { queries, keys, size: size ?? quotient(config, 'hidden_size', 'num_attention_heads') };
}

export function gatedMlpOf(
  config: Config,
  activation: string,
  hasBias = false,
): DecoderSpec['mlp'] {
  const sizes = { width: config.number('hidden_size'), inner: config.number('intermediate_size') };
  return (g, x, prefix) =>
    gatedMlp(g, x, { ...projections(`${prefix}.mlp`), ...sizes, activation, hasBias });
}

/** Names of a gated MLP's tensors. */
export function projections(prefix: string) {
  const name = (part: string) => `${prefix}.${part}_proj`;
  return { gate: name('gate'), up: name('up'), down: name('down') };
}

/** Qwen keeps a window in its config that `use_sliding_window` turns off. */
function windowOf(config: Config): number | undefined {
  const window = config.optionalNumber('sliding_window');
  return window && config.flag('use_sliding_window', true) ? window : undefined;
}

/** As listed; else every layer slides that is beyond `max_window_layers`, if there is a window. */
function layerTypesOf(config: Config): LayerType[] {
  const count = config.number('num_hidden_layers');
  const listed = config.list('layer_types');
  if (listed) return checkedTypes(listed, count);
  const isSliding = windowOf(config) !== undefined;
  const first =
    config.raw.use_sliding_window === undefined ? 0 : config.number('max_window_layers', 0);
  return Array.from({ length: count }, (_, layer) =>
    isSliding && layer >= first ? 'sliding_attention' : 'full_attention',
  );
}

export function checkedTypes(listed: readonly Json[], count: number): LayerType[] {
  const types = listed.map((type) => {
    const known = LAYER_TYPES.find((name) => name === type);
    if (known) return known;
    throw badInput(
      `config.json: the layer type ${JSON.stringify(type)} is not supported (these are: ${LAYER_TYPES.join(', ')})`,
    );
  });
  if (types.length === count) return types;
  throw badInput(`config.json: "layer_types" lists ${types.length} layers of ${count}`);
}
