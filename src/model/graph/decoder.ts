/**
 * The decoder of today's causal models: pre-normalized blocks of rotary attention and a gated MLP,
 *
 *   x = x + attention(norm(x)),  x = x + mlp(norm(x)).
 *
 * Llama (Touvron et al., 2023, arXiv 2302.13971) and its kin; what they do differently is in a spec,
 * which a family's file makes of its config.
 */

import { attend, extendCache, type Heads, type Rows, splitHeads } from './attention.ts';
import { pastOf, presentOf } from './causalCache.ts';
import type { GraphBuilder, Value } from './graph.ts';
import { languageHead, statesOutput } from './languageHead.ts';
import { embedding, linear, rmsNorm } from './layers.ts';
import { causalBias } from './masks.ts';
import { add, reshape, scale, sizeOf, split } from './operators.ts';
import { type Angles, type Rotary, rotaryAngles, rotate } from './rotary.ts';
import type { LayerType } from './rotaryConfig.ts';

/** What attentions of families have and others do not. */
export interface AttentionKind {
  /** One projection for queries, keys and values. */
  readonly isFused?: boolean;
  /** Queries and keys are normalized head by head. */
  readonly hasHeadNorms?: boolean;
  /** Of the projections to queries, keys and values. */
  readonly inputBias?: boolean;
  readonly outputBias?: boolean;
}

export interface DecoderSpec {
  readonly width: number;
  readonly vocabulary: number;
  readonly attention: AttentionKind;
  readonly layerTypes: readonly LayerType[];
  readonly heads: Heads;
  readonly epsilon: number;
  /** Gemma's norms multiply by 1 + weight. */
  readonly normOffset?: 0 | 1;
  /** Whether blocks normalize their results as well (Gemma 2 and 3). */
  readonly postNorms?: boolean;
  readonly embeddingScale?: number;
  readonly scoreScale: number;
  readonly scoreSoftCap?: number | undefined;
  readonly logitSoftCap?: number | undefined;
  readonly rotary: Readonly<Record<LayerType, Rotary>>;
  /** Of layers with sliding attention. */
  readonly window?: number | undefined;
  readonly tiedHead: boolean;
  /** Whether its states are all that is wanted. */
  readonly isHeadless?: boolean;
  /** @param prefix name of the block's tensors, such as `model.layers.0` */
  readonly mlp: (g: GraphBuilder, x: Value, prefix: string, layer: number) => Value;
}

interface Context {
  readonly spec: DecoderSpec;
  readonly rows: Rows;
  readonly angles: Readonly<Record<LayerType, Angles>>;
  readonly bias: Readonly<Record<LayerType, Value>>;
}

/** Adds the whole model to the graph, with the names of ports that transformers.js knows. */
export function buildDecoder(g: GraphBuilder, spec: DecoderSpec): void {
  const ids = g.input('input_ids', 'int64', ['batch', 'length']);
  const mask = g.input('attention_mask', 'int64', ['batch', 'total']);
  const positions = g.input('position_ids', 'int64', ['batch', 'length']);
  const used = new Set(spec.layerTypes);
  const perType = <T>(make: (type: LayerType) => T) => {
    const full = make(used.has('full_attention') ? 'full_attention' : 'sliding_attention');
    const sliding = used.size > 1 ? make('sliding_attention') : full;
    return { full_attention: full, sliding_attention: sliding };
  };
  const context: Context = {
    spec,
    rows: { batch: sizeOf(g, ids, 0), length: sizeOf(g, ids, 1) },
    angles: perType((type) => rotaryAngles(g, positions, mask, spec.rotary[type])),
    bias: perType((type) =>
      causalBias(g, mask, ids, type === 'sliding_attention' ? spec.window : undefined),
    ),
  };
  const { width, vocabulary } = spec;
  const table = 'model.embed_tokens.weight';
  const embedded = embedding(g, reshape(g, ids, [-1]), table, [vocabulary, width]);
  let x = scale(g, embedded, spec.embeddingScale ?? 1);
  spec.layerTypes.forEach((type, layer) => {
    x = block(g, x, layer, type, context);
  });
  const last = rmsNorm(g, x, 'model.norm', normOf(spec));
  const states = statesOutput(g, last, context.rows, width);
  if (spec.isHeadless) return;
  languageHead(g, states, {
    width,
    vocabulary,
    table: spec.tiedHead ? table : 'lm_head.weight',
    softCap: spec.logitSoftCap,
  });
}

function normOf({ width, epsilon, normOffset }: DecoderSpec, size = width) {
  return { width: size, epsilon, offset: normOffset ?? 0 };
}

function block(g: GraphBuilder, x: Value, layer: number, type: LayerType, context: Context): Value {
  const { postNorms, mlp } = context.spec;
  const prefix = `model.layers.${layer}`;
  const norm = (value: Value, name: string) =>
    rmsNorm(g, value, `${prefix}.${name}`, normOf(context.spec));
  const attended = selfAttention(g, norm(x, 'input_layernorm'), layer, type, context);
  if (!postNorms) {
    const between = add(g, x, attended);
    return add(g, between, mlp(g, norm(between, 'post_attention_layernorm'), prefix, layer));
  }
  const between = add(g, x, norm(attended, 'post_attention_layernorm'));
  const mixed = mlp(g, norm(between, 'pre_feedforward_layernorm'), prefix, layer);
  return add(g, between, norm(mixed, 'post_feedforward_layernorm'));
}

function selfAttention(
  g: GraphBuilder,
  x: Value,
  layer: number,
  type: LayerType,
  { spec, rows, angles, bias }: Context,
): Value {
  const { heads, scoreScale, scoreSoftCap } = spec;
  const prefix = `model.layers.${layer}.self_attn`;
  const [q, k, v] = queriesKeysValues(g, x, prefix, spec);
  const turned = (value: Value, count: number, norm: string) =>
    rotate(g, headsOf(g, value, count, norm, spec, rows), angles[type], heads.size);
  const past = pastOf(g, layer, heads);
  const now = extendCache(
    g,
    past,
    turned(k, heads.keys, `${prefix}.k_norm`),
    splitHeads(g, v, rows, heads.keys, heads.size),
  );
  presentOf(g, layer, heads, now);
  const query = turned(q, heads.queries, `${prefix}.q_norm`);
  const mixed = attend(g, query, now.key, now.value, heads, rows, {
    scale: scoreScale,
    bias: bias[type],
    softCap: scoreSoftCap,
  });
  const shape = [spec.width, heads.queries * heads.size] as const;
  return linear(g, mixed, `${prefix}.o_proj`, shape, spec.attention.outputBias ?? false);
}

/** One projection each, or one for all of them (Phi-3). */
function queriesKeysValues(
  g: GraphBuilder,
  x: Value,
  prefix: string,
  { heads, width, attention }: DecoderSpec,
): [Value, Value, Value] {
  const { isFused, inputBias = false } = attention;
  const [queries, keys] = [heads.queries * heads.size, heads.keys * heads.size];
  const project = (name: string, size: number) =>
    linear(g, x, `${prefix}.${name}_proj`, [size, width], inputBias);
  if (!isFused) return [project('q', queries), project('k', keys), project('v', keys)];
  const all = project('qkv', queries + 2 * keys);
  return split(g, all, [queries, keys, keys]) as [Value, Value, Value];
}

/** Heads apart, and normalized one by one in some families (Qwen3, Gemma 3). */
function headsOf(
  g: GraphBuilder,
  x: Value,
  count: number,
  norm: string,
  spec: DecoderSpec,
  rows: Rows,
): Value {
  const { heads, attention } = spec;
  const apart = splitHeads(g, x, rows, count, heads.size);
  return attention.hasHeadNorms ? rmsNorm(g, apart, norm, normOf(spec, heads.size)) : apart;
}
