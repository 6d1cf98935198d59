/**
 * T5 (Raffel et al., 2020, arXiv 1910.10683) and mT5 (Xue et al., 2021, arXiv 2010.11934): blocks that
 * normalize before, without biases, and with relative positions in the place of absolute ones,
 *
 *   encoder:  x = x + self(norm(x)),  x = x + mlp(norm(x))
 *   decoder:  x = x + self(norm(x)),  x = x + source(norm(x), h),  x = x + mlp(norm(x))
 *
 * where scores are q k^T + bias, not divided by the root of the head's size. Not UMT5, whose layers
 * have a table of relative positions each.
 */

import { attend, type Heads, type Rows, splitHeads } from '../attention.ts';
import { type Attended, type AttentionNames, attendCached } from '../cachedAttention.ts';
import type { Config } from '../config.ts';
import type { GraphBuilder, Value } from '../graph.ts';
import { activation, embedding, gatedMlp, linear, rmsNorm } from '../layers.ts';
import { add, range, reshape } from '../operators.ts';
import { relativeBias } from '../relativePositions.ts';
import {
  buildPart,
  type DecoderInputs,
  decoderInputs,
  decoderOutput,
  encoderInputs,
  encoderOutput,
  firstTable,
} from '../sequenceToSequence.ts';
import type { Family } from './family.ts';

type Side = 'encoder' | 'decoder';

interface T5Spec {
  readonly width: number;
  readonly inner: number;
  readonly vocabulary: number;
  readonly isHeadTied: boolean;
  readonly layers: Readonly<Record<Side, number>>;
  readonly heads: Heads;
  readonly epsilon: number;
  readonly isGated: boolean;
  readonly activation: string;
  readonly buckets: number;
  readonly maxDistance: number;
  readonly logitScale: number;
}

/** What a config means that does not say it. */
interface Defaults {
  readonly projection: string;
  readonly isTied: (config: Config) => boolean;
}

export const t5: readonly Family[] = [
  familyOf('T5ForConditionalGeneration', {
    projection: 'relu',
    isTied: (config) => config.flag('tie_word_embeddings', true),
  }),
  // mT5 is never tied, whatever newer configs say.
  familyOf('MT5ForConditionalGeneration', { projection: 'gated-gelu', isTied: () => false }),
];

function familyOf(architecture: string, defaults: Defaults): Family {
  return {
    architectures: [architecture],
    task: 'sequence_to_sequence',
    prefixes: [],
    build(g, config, part) {
      const spec = specOf(config, defaults);
      buildPart(part, {
        encoder: () => buildEncoder(g, spec),
        decoder: () => buildDecoder(g, spec),
      });
    },
  };
}

function specOf(config: Config, { projection, isTied }: Defaults): T5Spec {
  const width = config.number('d_model');
  const layers = config.number('num_layers');
  const count = config.number('num_heads');
  const forward = config.string('feed_forward_proj', projection);
  const named = forward === 'gated-gelu' ? 'gelu_new' : forward.replace('gated-', '');
  return {
    width,
    inner: config.number('d_ff'),
    vocabulary: config.number('vocab_size'),
    isHeadTied: isTied(config),
    layers: { encoder: layers, decoder: config.number('num_decoder_layers', layers) },
    heads: { queries: count, keys: count, size: config.number('d_kv') },
    epsilon: config.number('layer_norm_epsilon', 1e-6),
    isGated: forward.startsWith('gated-'),
    activation: config.string('dense_act_fn', named),
    buckets: config.number('relative_attention_num_buckets', 32),
    maxDistance: config.number('relative_attention_max_distance', 128),
    logitScale: config.flag('scale_decoder_outputs', isTied(config)) ? width ** -0.5 : 1,
  };
}

function wordTable(g: GraphBuilder, side: Side): string {
  return firstTable(g, `${side}.embed_tokens.weight`, 'shared.weight');
}

/** [tokens, width] */
function embed(g: GraphBuilder, ids: Value, side: Side, spec: T5Spec): Value {
  const shape = [spec.vocabulary, spec.width] as const;
  return embedding(g, reshape(g, ids, [-1]), wordTable(g, side), shape);
}

/** [heads, query length, key length] */
function positionBias(g: GraphBuilder, queries: Value, keys: Value, side: Side, spec: T5Spec) {
  return relativeBias(g, queries, keys, {
    table: `${side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight`,
    buckets: spec.buckets,
    maxDistance: spec.maxDistance,
    heads: spec.heads.queries,
    isBidirectional: side === 'encoder',
  });
}

function buildEncoder(g: GraphBuilder, spec: T5Spec): void {
  const { ids, rows, bias: padding } = encoderInputs(g);
  const positions = range(g, rows.length);
  const bias = add(g, positionBias(g, positions, positions, 'encoder', spec), padding);
  let x = embed(g, ids, 'encoder', spec);
  for (let layer = 0; layer < spec.layers.encoder; layer++) {
    const prefix = `encoder.block.${layer}.layer`;
    x = residual(g, x, `${prefix}.0`, spec, (normal) => {
      const names = attentionNames(`${prefix}.0.SelfAttention`);
      return selfAttention(g, normal, names, bias, rows, spec);
    });
    x = residual(g, x, `${prefix}.1`, spec, (normal) => mlp(g, normal, `${prefix}.1`, spec));
  }
  const last = rmsNorm(g, x, 'encoder.final_layer_norm', spec);
  encoderOutput(g, last, rows, spec.width);
}

function buildDecoder(g: GraphBuilder, spec: T5Spec): void {
  const { width, heads, layers } = spec;
  const inputs = decoderInputs(g, { width, layers: layers.decoder, heads });
  const order = positionBias(g, inputs.positions, inputs.allPositions, 'decoder', spec);
  let x = embed(g, inputs.ids, 'decoder', spec);
  for (let layer = 0; layer < layers.decoder; layer++) x = block(g, x, layer, order, inputs, spec);
  const last = rmsNorm(g, x, 'decoder.final_layer_norm', spec);
  const own = 'lm_head.weight';
  const table = spec.isHeadTied ? firstTable(g, own, wordTable(g, 'decoder')) : own;
  const { vocabulary, logitScale } = spec;
  decoderOutput(g, last, inputs.rows, { table, vocabulary, width, scale: logitScale });
}

function block(
  g: GraphBuilder,
  x: Value,
  layer: number,
  order: Value,
  inputs: DecoderInputs,
  spec: T5Spec,
): Value {
  const prefix = `decoder.block.${layer}.layer`;
  const attended = (of: Attended, names: string, bias: Value) => (normal: Value) => {
    const scores = { scale: 1, bias };
    const attention = { of, layer, names: attentionNames(names), hasBias: false, scores };
    return attendCached(g, normal, attention, inputs);
  };
  const self = attended('decoder', `${prefix}.0.SelfAttention`, order);
  const source = attended('encoder', `${prefix}.1.EncDecAttention`, inputs.sourceBias);
  const y = residual(g, x, `${prefix}.0`, spec, self);
  const z = residual(g, y, `${prefix}.1`, spec, source);
  return residual(g, z, `${prefix}.2`, spec, (normal) => mlp(g, normal, `${prefix}.2`, spec));
}

/** x + f(norm(x)) */
function residual(
  g: GraphBuilder,
  x: Value,
  prefix: string,
  spec: T5Spec,
  f: (normal: Value) => Value,
): Value {
  return add(g, x, f(rmsNorm(g, x, `${prefix}.layer_norm`, spec)));
}

function mlp(g: GraphBuilder, x: Value, prefix: string, spec: T5Spec): Value {
  const name = (part: string) => `${prefix}.DenseReluDense.${part}`;
  if (spec.isGated) {
    return gatedMlp(g, x, { ...spec, gate: name('wi_0'), up: name('wi_1'), down: name('wo') });
  }
  const { width, inner } = spec;
  const wide = activation(g, linear(g, x, name('wi'), [inner, width], false), spec.activation);
  return linear(g, wide, name('wo'), [width, inner], false);
}

function selfAttention(
  g: GraphBuilder,
  x: Value,
  names: AttentionNames,
  bias: Value,
  rows: Rows,
  { heads, width }: T5Spec,
): Value {
  const inner = heads.keys * heads.size;
  const project = (name: string) => {
    const all = linear(g, x, name, [inner, width], false);
    return splitHeads(g, all, rows, heads.keys, heads.size);
  };
  const [q, k, v] = [project(names.query), project(names.key), project(names.value)];
  const mixed = attend(g, q, k, v, heads, rows, { scale: 1, bias });
  return linear(g, mixed, names.output, [width, inner], false);
}

const attentionNames = (prefix: string): AttentionNames => ({
  query: `${prefix}.q`,
  key: `${prefix}.k`,
  value: `${prefix}.v`,
  output: `${prefix}.o`,
});
