/**
 * Decoders with experts in place of the MLP: Mixtral (Jiang et al., 2024, arXiv 2401.04088), Qwen2-MoE
 * (2024, arXiv 2407.10671; one expert more, gated, that all tokens go through) and Qwen3-MoE (2025,
 * arXiv 2505.09388).
 */

import type { Config } from '../config.ts';
import type { AttentionKind, DecoderSpec } from '../decoder.ts';
import { mixtureOfExperts } from '../experts.ts';
import type { GraphBuilder, Value } from '../graph.ts';
import { gatedMlp, linear } from '../layers.ts';
import { add, multiply } from '../operators.ts';
import { decoderFamily } from './decoderFamily.ts';
import type { Family } from './family.ts';
import { biasedAttention, llamaSpec, projections } from './llama.ts';

function mixtralSpec(config: Config): DecoderSpec {
  const activation = config.string('hidden_act', 'silu');
  const spec = llamaSpec(config, { attention: {}, theta: 1e6 });
  const sizes = { width: spec.width, inner: config.number('intermediate_size') };
  return {
    ...spec,
    mlp: (g, x, prefix) =>
      mixtureOfExperts(g, x, {
        router: `${prefix}.block_sparse_moe.gate`,
        experts: expertCount(config),
        width: spec.width,
        perToken: config.number('num_experts_per_tok'),
        renormalizes: true,
        expert(inner, rows, expert) {
          const name = `${prefix}.block_sparse_moe.experts.${expert}`;
          const names = { gate: `${name}.w1`, up: `${name}.w3`, down: `${name}.w2` };
          return gatedMlp(inner, rows, { ...names, ...sizes, activation });
        },
      }),
  };
}

/** transformers 5 writes the first for every family, Qwen's own files the second. */
function expertCount(config: Config): number {
  return config.optionalNumber('num_local_experts') ?? config.number('num_experts');
}

interface QwenKind {
  readonly attention: AttentionKind;
  /** Numbers inside the expert that all tokens go through, where there is one. */
  readonly sharedInner?: number;
}

function qwenSpec(config: Config, { attention, sharedInner }: QwenKind): DecoderSpec {
  const spec = llamaSpec(config, { attention });
  const { width } = spec;
  const activation = config.string('hidden_act', 'silu');
  const expertOf = (g: GraphBuilder, x: Value, name: string, inner: number) =>
    gatedMlp(g, x, { ...projections(name), width, inner, activation });
  const routedInner = config.number('moe_intermediate_size');
  const dense = new Set(config.list('mlp_only_layers') ?? []);
  const every = config.number('decoder_sparse_step', 1);
  return {
    ...spec,
    mlp(g, x, prefix, layer) {
      const isSparse = !dense.has(layer) && (layer + 1) % every === 0;
      if (!isSparse) return spec.mlp(g, x, prefix, layer);
      const routed = mixtureOfExperts(g, x, {
        router: `${prefix}.mlp.gate`,
        experts: expertCount(config),
        width: spec.width,
        perToken: config.number('num_experts_per_tok'),
        renormalizes: config.flag('norm_topk_prob', false),
        expert: (inner, rows, expert) =>
          expertOf(inner, rows, `${prefix}.mlp.experts.${expert}`, routedInner),
      });
      if (sharedInner === undefined) return routed;
      const gate = linear(g, x, `${prefix}.mlp.shared_expert_gate`, [1, width], false);
      const shared = expertOf(g, x, `${prefix}.mlp.shared_expert`, sharedInner);
      return add(g, routed, multiply(g, g.apply('Sigmoid', [gate]), shared));
    },
  };
}

function qwen2MoeSpec(config: Config): DecoderSpec {
  return qwenSpec(config, {
    attention: { inputBias: config.flag('qkv_bias', true) },
    sharedInner: config.number('shared_expert_intermediate_size'),
  });
}

function qwen3MoeSpec(config: Config): DecoderSpec {
  return qwenSpec(config, { attention: { ...biasedAttention(config), hasHeadNorms: true } });
}

export const experts: readonly Family[] = [
  ...decoderFamily('Mixtral', mixtralSpec),
  ...decoderFamily('Qwen2Moe', qwen2MoeSpec),
  ...decoderFamily('Qwen3Moe', qwen3MoeSpec),
];
