/**
 * BART (Lewis et al., 2020, arXiv 1910.13461) and Marian (Junczys-Dowmunt et al., 2018, arXiv
 * 1804.00344): blocks that normalize after adding,
 *
 *   encoder:  x = norm(x + self(x)),  x = norm(x + mlp(x))
 *   decoder:  x = norm(x + self(x)),  x = norm(x + source(x, h)),  x = norm(x + mlp(x))
 *
 * BART learns its positions and normalizes its embeddings. Marian computes its positions,
 *
 *   p(t)_i = sin(t w_i),  p(t)_(i + d/2) = cos(t w_i),  w_i = 10000^(-2 i / d)   for i < d / 2
 *
 * (Vaswani et al., 2017, arXiv 1706.03762, sines and cosines apart). Not mBART, whose blocks
 * normalize before.
 */

import { type Attended, type AttentionNames, attendCached } from '../cachedAttention.ts';
import type { Config } from '../config.ts';
import { encoderBlock } from '../encoder.ts';
import type { GraphBuilder, Value } from '../graph.ts';
import { activation, embedding, layerNorm, linear } from '../layers.ts';
import { orderBias } from '../masks.ts';
import { add, cast, concat, multiply, range, reshape, scale, unsqueeze } from '../operators.ts';
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

interface BartSpec {
  readonly width: number;
  readonly activation: string;
  readonly embeddingScale: number;
  readonly isEmbeddingNormalized: boolean;
  /** @returns [length, width] */
  readonly positions: (g: GraphBuilder, positions: Value, side: Side, width: number) => Value;
}

/** Configs do not say it. */
const EPSILON = 1e-5;
/** BART's tables of positions begin with two rows that are not used. */
const FIRST_POSITION = 2;

export const bart: readonly Family[] = [
  familyOf('BartForConditionalGeneration', {
    isEmbeddingNormalized: true,
    positions: (g, positions, side) =>
      embedding(g, add(g, positions, g.ints([FIRST_POSITION])), positionTable(side)),
  }),
  familyOf('MarianMTModel', {
    isEmbeddingNormalized: false,
    positions: (g, positions, side, width) =>
      g.hasWeight(positionTable(side))
        ? embedding(g, positions, positionTable(side))
        : sinusoids(g, positions, width),
  }),
];

function familyOf(
  architecture: string,
  kind: Pick<BartSpec, 'isEmbeddingNormalized' | 'positions'>,
): Family {
  return {
    architectures: [architecture],
    task: 'sequence_to_sequence',
    prefixes: ['model.'],
    build(g, config, part) {
      const spec = { ...kind, ...specOf(config) };
      buildPart(part, {
        encoder: () => buildEncoder(g, config, spec),
        decoder: () => buildDecoder(g, config, spec),
      });
    },
  };
}

function specOf(config: Config) {
  const width = config.number('d_model');
  return {
    width,
    activation: config.string('activation_function', 'gelu'),
    embeddingScale: config.flag('scale_embedding', false) ? Math.sqrt(width) : 1,
  };
}

function headsOf(config: Config, side: Side, { width }: BartSpec) {
  const count = config.number(`${side}_attention_heads`);
  return { queries: count, keys: count, size: width / count };
}

const positionTable = (side: Side) => `model.${side}.embed_positions.weight`;

function wordTable(g: GraphBuilder, side: Side): string {
  return firstTable(g, `model.${side}.embed_tokens.weight`, 'model.shared.weight');
}

/** In float32, which at position 512 is off by less than 3e-5. */
function sinusoids(g: GraphBuilder, positions: Value, width: number): Value {
  const frequencies = Array.from({ length: width / 2 }, (_, i) => 10000 ** ((-2 * i) / width));
  const column = unsqueeze(g, cast(g, positions, 'float32'), [1]);
  const angles = multiply(g, column, g.floats(frequencies));
  return concat(g, [g.apply('Sin', [angles]), g.apply('Cos', [angles])], 1);
}

/** [tokens, width] */
function embed(g: GraphBuilder, ids: Value, positions: Value, side: Side, spec: BartSpec): Value {
  const { width, embeddingScale } = spec;
  const words = scale(g, embedding(g, ids, wordTable(g, side)), embeddingScale);
  const placed = add(g, words, spec.positions(g, positions, side, width));
  const x = reshape(g, placed, [-1, width]);
  if (!spec.isEmbeddingNormalized) return x;
  return layerNorm(g, x, `model.${side}.layernorm_embedding`, EPSILON);
}

function buildEncoder(g: GraphBuilder, config: Config, spec: BartSpec): void {
  const { ids, rows, bias } = encoderInputs(g);
  const layers = config.number('encoder_layers');
  const block = {
    heads: headsOf(config, 'encoder', spec),
    epsilon: EPSILON,
    activation: spec.activation,
    blocks: 'model.encoder.layers',
    names: BLOCK_NAMES,
  };
  let x = embed(g, ids, range(g, rows.length), 'encoder', spec);
  for (let layer = 0; layer < layers; layer++) x = encoderBlock(g, x, layer, bias, rows, block);
  encoderOutput(g, x, rows, spec.width);
}

const BLOCK_NAMES = {
  query: 'self_attn.q_proj',
  key: 'self_attn.k_proj',
  value: 'self_attn.v_proj',
  attentionOutput: 'self_attn.out_proj',
  attentionNorm: 'self_attn_layer_norm',
  up: 'fc1',
  down: 'fc2',
  outputNorm: 'final_layer_norm',
};

function buildDecoder(g: GraphBuilder, config: Config, spec: BartSpec): void {
  const layers = config.number('decoder_layers');
  const heads = headsOf(config, 'decoder', spec);
  const inputs = decoderInputs(g, { width: spec.width, layers, heads });
  const order = orderBias(g, inputs.positions, inputs.allPositions);
  let x = embed(g, inputs.ids, inputs.positions, 'decoder', spec);
  for (let layer = 0; layer < layers; layer++) x = block(g, x, layer, order, inputs, spec);
  decoderOutput(g, x, inputs.rows, {
    table: firstTable(g, 'lm_head.weight', wordTable(g, 'decoder')),
    bias: 'final_logits_bias',
  });
}

function block(
  g: GraphBuilder,
  x: Value,
  layer: number,
  order: Value,
  inputs: DecoderInputs,
  spec: BartSpec,
): Value {
  const prefix = `model.decoder.layers.${layer}`;
  const scale = inputs.heads.size ** -0.5;
  const attended = (of: Attended, query: Value) => {
    const names = attentionNames(`${prefix}.${of === 'decoder' ? 'self_attn' : 'encoder_attn'}`);
    const bias = of === 'decoder' ? order : inputs.sourceBias;
    return attendCached(g, query, { of, layer, names, scores: { scale, bias } }, inputs);
  };
  const joined = (a: Value, b: Value, norm: string) =>
    layerNorm(g, add(g, a, b), `${prefix}.${norm}`, EPSILON);
  const y = joined(x, attended('decoder', x), 'self_attn_layer_norm');
  const z = joined(y, attended('encoder', y), 'encoder_attn_layer_norm');
  const inner = activation(g, linear(g, z, `${prefix}.fc1`), spec.activation);
  return joined(z, linear(g, inner, `${prefix}.fc2`), 'final_layer_norm');
}

const attentionNames = (prefix: string): AttentionNames => ({
  query: `${prefix}.q_proj`,
  key: `${prefix}.k_proj`,
  value: `${prefix}.v_proj`,
  output: `${prefix}.out_proj`,
});
