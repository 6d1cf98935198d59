/**
 * Decoders with experts in place of the MLP: Mixtral (Jiang et al., 2024, arXiv 2401.04088), Qwen2-MoE
 * (2024, arXiv 2407.10671; one expert more, gated, that all tokens go through) and Qwen3-MoE (2025,
 * arXiv 2505.09388).
 */

import type { Config } from '../config.ts';
import { buildDecoder, type DecoderSpec } from '../decoder.ts';
import { mixtureOfExperts } from '../experts.ts';
import type { GraphBuilder, Value } from '../graph.ts';
import { gatedMlp, linear } from '../layers.ts';
import { add, multiply } from '../operators.ts';
import type { Family } from './family.ts';
import { llamaSpec } from './llama.ts';

function mixtralSpec(config: Config): DecoderSpec {
  const activation = config.string('hidden_act', 'silu');
  return {
    ...llamaSpec(config),
    mlp: (g, x, prefix) =>
      mixtureOfExperts(g, x, {
        router: `${prefix}.block_sparse_moe.gate`,
        experts: expertCount(config),
        perToken: config.number('num_experts_per_tok'),
        renormalizes: true,
        expert(inner, rows, expert) {
          const name = `${prefix}.block_sparse_moe.experts.${expert}`;
          const names = { gate: `${name}.w1`, up: `${name}.w3`, down: `${name}.w2` };
          return gatedMlp(inner, rows, names, activation);
        },
      }),
  };
}

/** transformers 5 writes the first for every family, Qwen's own files the second. */
function expertCount(config: Config): number {
  return config.optionalNumber('num_local_experts') ?? config.number('num_experts');
}

function qwenSpec(config: Config): DecoderSpec {
  const spec = llamaSpec(config);
  const activation = config.string('hidden_act', 'silu');
  const named = (name: string) => ({
    gate: `${name}.gate_proj`,
    up: `${name}.up_proj`,
    down: `${name}.down_proj`,
  });
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
        perToken: config.number('num_experts_per_tok'),
        renormalizes: config.flag('norm_topk_prob', false),
        expert: (inner, rows, expert) =>
          gatedMlp(inner, rows, named(`${prefix}.mlp.experts.${expert}`), activation),
      });
      return addShared(g, x, routed, prefix, (name) => gatedMlp(g, x, named(name), activation));
    },
  };
}

/** The expert that all tokens go through, where there is one. */
function addShared(
  g: GraphBuilder,
  x: Value,
  routed: Value,
  prefix: string,
  mlp: (name: string) => Value,
): Value {
  const gate = `${prefix}.mlp.shared_expert_gate`;
  if (!g.hasWeight(`${gate}.weight`)) return routed;
  const share = g.apply('Sigmoid', [linear(g, x, gate)]);
  return add(g, routed, multiply(g, share, mlp(`${prefix}.mlp.shared_expert`)));
}

const PREFIXES = ['model.'];

export const experts: readonly Family[] = [
  {
    architectures: ['MixtralForCausalLM'],
    task: 'causal',
    prefixes: PREFIXES,
    build: (g, config) => buildDecoder(g, mixtralSpec(config)),
  },
  {
    architectures: ['Qwen2MoeForCausalLM', 'Qwen3MoeForCausalLM'],
    task: 'causal',
    prefixes: PREFIXES,
    build: (g, config) => buildDecoder(g, qwenSpec(config)),
  },
];
