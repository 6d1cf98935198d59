/**
 * GPT-2: learned positions, layer norms before each part, one projection for queries, keys and values.
 * Radford et al., "Language models are unsupervised multitask learners", 2019.
 */

import { attend, extendCache, type Heads, type Rows, splitHeads } from '../attention.ts';
import { pastOf, presentOf } from '../causalCache.ts';
import { type Config, quotient } from '../config.ts';
import type { GraphBuilder, Value } from '../graph.ts';
import { languageHead, statesOutput } from '../languageHead.ts';
import { activation, embedding, layerNorm, linearTransposed } from '../layers.ts';
import { causalBias } from '../masks.ts';
import { add, reshape, sizeOf, split } from '../operators.ts';
import type { Family } from './family.ts';

interface Gpt2Spec {
  readonly width: number;
  /** Numbers inside the MLP. */
  readonly inner: number;
  readonly heads: Heads;
  readonly epsilon: number;
  readonly activation: string;
  readonly scoreScale: (layer: number) => number;
}

function gpt2Spec(config: Config): Gpt2Spec {
  const width = config.number('n_embd');
  const count = config.number('n_head');
  const size = quotient(config, 'n_embd', 'n_head');
  const base = config.flag('scale_attn_weights', true) ? size ** -0.5 : 1;
  const byLayer = config.flag('scale_attn_by_inverse_layer_idx', false);
  return {
    width,
    inner: config.number('n_inner', 4 * width),
    heads: { queries: count, keys: count, size },
    epsilon: config.number('layer_norm_epsilon', 1e-5),
    activation: config.string('activation_function', 'gelu_new'),
    scoreScale: (layer) => (byLayer ? base / (layer + 1) : base),
  };
}

const PREFIXES = ['transformer.'];

export const gpt2: readonly Family[] = [
  {
    architectures: ['GPT2LMHeadModel'],
    task: 'causal',
    prefixes: PREFIXES,
    build(g, config) {
      const isTied = config.flag('tie_word_embeddings', true);
      languageHead(g, gpt2States(g, config), {
        width: config.number('n_embd'),
        vocabulary: config.number('vocab_size'),
        table: isTied ? 'transformer.wte.weight' : 'lm_head.weight',
      });
    },
  },
  {
    architectures: ['GPT2Model'],
    task: 'features',
    prefixes: PREFIXES,
    build: gpt2States,
  },
];

/** [batch, length, width] */
function gpt2States(g: GraphBuilder, config: Config): Value {
  const spec = gpt2Spec(config);
  const ids = g.input('input_ids', 'int64', ['batch', 'length']);
  const mask = g.input('attention_mask', 'int64', ['batch', 'total']);
  const positions = g.input('position_ids', 'int64', ['batch', 'length']);
  const rows = { batch: sizeOf(g, ids, 0), length: sizeOf(g, ids, 1) };
  const bias = causalBias(g, mask, ids);
  const { width } = spec;
  const table = [config.number('vocab_size'), width] as const;
  const words = embedding(g, ids, 'transformer.wte.weight', table);
  const places = [config.number('n_positions', 1024), width] as const;
  const sum = add(g, words, embedding(g, positions, 'transformer.wpe.weight', places));
  let x = reshape(g, sum, [-1, width]);
  for (let layer = 0; layer < config.number('n_layer'); layer++) {
    x = block(g, x, layer, bias, rows, spec);
  }
  return statesOutput(g, layerNorm(g, x, 'transformer.ln_f', spec), rows, width);
}

function block(
  g: GraphBuilder,
  x: Value,
  layer: number,
  bias: Value,
  rows: Rows,
  spec: Gpt2Spec,
): Value {
  const prefix = `transformer.h.${layer}`;
  const normed = layerNorm(g, x, `${prefix}.ln_1`, spec);
  const between = add(g, x, selfAttention(g, normed, layer, bias, rows, spec));
  const inner = layerNorm(g, between, `${prefix}.ln_2`, spec);
  const up = linearTransposed(g, inner, `${prefix}.mlp.c_fc`, [spec.width, spec.inner]);
  const wide = activation(g, up, spec.activation);
  const down = linearTransposed(g, wide, `${prefix}.mlp.c_proj`, [spec.inner, spec.width]);
  return add(g, between, down);
}

function selfAttention(
  g: GraphBuilder,
  x: Value,
  layer: number,
  bias: Value,
  rows: Rows,
  { width, heads, scoreScale }: Gpt2Spec,
): Value {
  const prefix = `transformer.h.${layer}.attn`;
  const all = linearTransposed(g, x, `${prefix}.c_attn`, [width, 3 * width]);
  const [q, k, v] = split(g, all, [width, width, width]).map((part) =>
    splitHeads(g, part, rows, heads.queries, heads.size),
  ) as [Value, Value, Value];
  const now = extendCache(g, pastOf(g, layer, heads), k, v);
  presentOf(g, layer, heads, now);
  const scores = { scale: scoreScale(layer), bias };
  const mixed = attend(g, q, now.key, now.value, heads, rows, scores);
  return linearTransposed(g, mixed, `${prefix}.c_proj`, [width, width]);
}
