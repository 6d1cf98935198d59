/**
 * Gemma (2024, arXiv 2403.08295), Gemma 2 (2024, arXiv 2408.00118) and the text model of Gemma 3 (2025,
 * arXiv 2503.19786): scaled embeddings, norms that store their distance from 1, and from Gemma 2 on
 * norms on both sides of each part and layers that see only a window.
 */

import type { Config } from '../config.ts';
import type { DecoderSpec } from '../decoder.ts';
import { rotaryOf } from '../rotaryConfig.ts';
import { decoderFamily } from './decoderFamily.ts';
import type { Family } from './family.ts';
import { biasedAttention, gatedMlpOf, type LlamaKind, llamaSpec } from './llama.ts';

/** Early configs say `gelu`, but all were trained with the approximation. */
function activationOf(config: Config): string {
  const named = config.string('hidden_act', 'gelu');
  const usual = named === 'gelu' ? 'gelu_pytorch_tanh' : named;
  return config.string('hidden_activation', usual);
}

function gemmaSpec(config: Config, kind: Partial<LlamaKind> = {}): DecoderSpec {
  const spec = llamaSpec(config, { attention: biasedAttention(config), ...kind });
  return {
    ...spec,
    normOffset: 1,
    embeddingScale: Math.sqrt(spec.width),
    tiedHead: config.flag('tie_word_embeddings', true),
    mlp: gatedMlpOf(config, activationOf(config)),
  };
}

function gemma2Spec(
  config: Config,
  slides: (layer: number) => boolean,
  kind?: Partial<LlamaKind>,
): DecoderSpec {
  const spec = gemmaSpec(config, kind);
  const isListed = config.list('layer_types') !== undefined;
  return {
    ...spec,
    postNorms: true,
    layerTypes: spec.layerTypes.map((type, layer) =>
      isListed ? type : slides(layer) ? 'sliding_attention' : 'full_attention',
    ),
    scoreScale: config.number('query_pre_attn_scalar', 256) ** -0.5,
    scoreSoftCap: config.optionalNumber('attn_logit_softcapping'),
    logitSoftCap: config.optionalNumber('final_logit_softcapping'),
    window: config.number('sliding_window', 4096),
  };
}

/** Windows turn with a base of their own. */
function gemma3Spec(config: Config): DecoderSpec {
  const every = config.number('sliding_window_pattern', 6);
  const spec = gemma2Spec(config, (layer) => (layer + 1) % every !== 0, {
    attention: { ...biasedAttention(config), hasHeadNorms: true },
    theta: 1e6,
  });
  const local = rotaryOf(config, spec.heads.size, {
    layer: 'sliding_attention',
    theta: 1e4,
    ownBase: 'rope_local_base_freq',
  });
  return { ...spec, rotary: { ...spec.rotary, sliding_attention: local } };
}

export const gemma: readonly Family[] = [
  ...decoderFamily('Gemma', gemmaSpec),
  ...decoderFamily('Gemma2', (config) => gemma2Spec(config, (layer) => layer % 2 === 0)),
  ...decoderFamily('Gemma3', gemma3Spec, 'Gemma3TextModel'),
];
