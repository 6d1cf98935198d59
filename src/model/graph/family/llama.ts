/** Llama, Mistral, Qwen2, Qwen3: the plain decoder. Touvron et al., 2023 (arXiv 2302.13971). */

import type { Config } from '../config.ts';
import { buildDecoder, type DecoderSpec } from '../decoder.ts';
import { gatedMlp } from '../layers.ts';
import { type LayerType, rotaryOf } from '../rotary.ts';
import type { Family } from './family.ts';

export const llama: Family = {
  architectures: ['LlamaForCausalLM', 'MistralForCausalLM', 'Qwen2ForCausalLM', 'Qwen3ForCausalLM'],
  task: 'causal',
  prefixes: ['model.'],
  build: (g, config) => buildDecoder(g, llamaSpec(config)),
};

/** What configs of this kind agree on. */
export function llamaSpec(config: Config): DecoderSpec {
  const width = config.number('hidden_size');
  const queries = config.number('num_attention_heads');
  const size = config.number('head_dim', width / queries);
  const heads = { queries, keys: config.number('num_key_value_heads', queries), size };
  return {
    width,
    layerTypes: layerTypesOf(config),
    heads,
    epsilon: config.number('rms_norm_eps', 1e-6),
    scoreScale: size ** -0.5,
    rotary: {
      full_attention: rotaryOf(config, size, 'full_attention'),
      sliding_attention: rotaryOf(config, size, 'sliding_attention'),
    },
    window: windowOf(config),
    tiedHead: config.flag('tie_word_embeddings', false),
    mlp: gatedMlpOf(config.string('hidden_act', 'silu')),
  };
}

export function gatedMlpOf(activation: string): DecoderSpec['mlp'] {
  return (g, x, prefix) => {
    const name = (part: string) => `${prefix}.mlp.${part}_proj`;
    return gatedMlp(g, x, { gate: name('gate'), up: name('up'), down: name('down') }, activation);
  };
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
  if (listed) return listed.map((type) => (type === 'sliding_attention' ? type : 'full_attention'));
  const isSliding = windowOf(config) !== undefined;
  const first =
    config.raw.use_sliding_window === undefined ? 0 : config.number('max_window_layers', 0);
  return Array.from({ length: count }, (_, layer) =>
    isSliding && layer >= first ? 'sliding_attention' : 'full_attention',
  );
}
