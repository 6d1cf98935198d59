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
import { type Config, quotient } from '../config.ts';
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
  readonly positions: (g: GraphBuilder, positions: Value, side: Side, spec: BartSpec) => Value;
  /** Positions that a text may have. */
  readonly longest: number;
  readonly vocabulary: Readonly<Record<Side, number>>;
  /** Whether the encoder's table of words is the decoder's as well. */
  readonly sharesWords: boolean;
  readonly isHeadTied: boolean;
  readonly inner: Readonly<Record<Side, number>>;
  readonly epsilon: number;
}

/** Configs do not say it. */
const EPSILON = 1e-5;
/** BART's tables of positions begin with two rows that are not used. */
const FIRST_POSITION = 2;

export const bart: readonly Family[] = [
  familyOf('BartForConditionalGeneration', {
    isEmbeddingNormalized: true,
    positions(g, positions, side, { longest, width }) {
      const places = add(g, positions, g.ints([FIRST_POSITION]));
      return embedding(g, places, positionTable(side), [longest + FIRST_POSITION, width]);
    },
  }),
  familyOf('MarianMTModel', {
    isEmbeddingNormalized: false,
    positions: (g, positions, side, { longest, width }) =>
      g.hasWeight(positionTable(side))
        ? embedding(g, positions, positionTable(side), [longest, width])
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
  const vocabulary = config.number('vocab_size');
  return {
    width,
    longest: config.number('max_position_embeddings', 1024),
    vocabulary: {
      encoder: vocabulary,
      decoder: config.number('decoder_vocab_size', vocabulary),
    },
    sharesWords: config.flag('share_encoder_decoder_embeddings', true),
    isHeadTied: config.flag('tie_word_embeddings', true),
    inner: {
      encoder: config.number('encoder_ffn_dim'),
      decoder: config.number('decoder_ffn_dim'),
    },
    epsilon: EPSILON,
    activation: config.string('activation_function', 'gelu'),
    embeddingScale: config.flag('scale_embedding', false) ? Math.sqrt(width) : 1,
  };
}

function headsOf(config: Config, side: Side) {
  const name = `${side}_attention_heads`;
  const count = config.number(name);
  return { queries: count, keys: count, size: quotient(config, 'd_model', name) };
}

const positionTable = (side: Side) => `model.${side}.embed_positions.weight`;

function wordTable(g: GraphBuilder, side: Side, { sharesWords }: BartSpec): string {
  const own = `model.${side}.embed_tokens.weight`;
  return sharesWords ? firstTable(g, own, 'model.shared.weight') : own;
}

function headTable(g: GraphBuilder, spec: BartSpec): string {
  const own = 'lm_head.weight';
  return spec.isHeadTied ? firstTable(g, own, wordTable(g, 'decoder', spec)) : own;
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
  const table = embedding(g, ids, wordTable(g, side, spec), [spec.vocabulary[side], width]);
  const words = scale(g, table, embeddingScale);
  const placed = add(g, words, spec.positions(g, positions, side, spec));
  const x = reshape(g, placed, [-1, width]);
  if (!spec.isEmbeddingNormalized) return x;
  return layerNorm(g, x, `model.${side}.layernorm_embedding`, spec);
}

function buildEncoder(g: GraphBuilder, config: Config, spec: BartSpec): void {
  const { ids, rows, bias } = encoderInputs(g);
  const layers = config.number('encoder_layers');
  const block = {
    heads: headsOf(config, 'encoder'),
    epsilon: EPSILON,
    width: spec.width,
    inner: spec.inner.encoder,
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
  const heads = headsOf(config, 'decoder');
  const inputs = decoderInputs(g, { width: spec.width, layers, heads });
  const order = orderBias(g, inputs.positions, inputs.allPositions);
  let x = embed(g, inputs.ids, inputs.positions, 'decoder', spec);
  for (let layer = 0; layer < layers; layer++) x = block(g, x, layer, order, inputs, spec);
  decoderOutput(g, x, inputs.rows, {
    table: headTable(g, spec),
    vocabulary: spec.vocabulary.decoder,
    width: spec.width,
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
    return attendCached(
      g,
      query,
      { of, layer, names, hasBias: true, scores: { scale, bias } },
      inputs,
    );
  };
  const joined = (a: Value, b: Value, norm: string) =>
    layerNorm(g, add(g, a, b), `${prefix}.${norm}`, spec);
  const y = joined(x, attended('decoder', x), 'self_attn_layer_norm');
  const z = joined(y, attended('encoder', y), 'encoder_attn_layer_norm');
  const { width, inner } = spec;
  const wide = linear(g, z, `${prefix}.fc1`, [inner.decoder, width]);
  const narrow = [width, inner.decoder] as const;
  const outer = linear(g, activation(g, wide, spec.activation), `${prefix}.fc2`, narrow);
  return joined(z, outer, 'final_layer_norm');
}

const attentionNames = (prefix: string): AttentionNames => ({
  query: `${prefix}.q_proj`,
  key: `${prefix}.k_proj`,
  value: `${prefix}.v_proj`,
  output: `${prefix}.out_proj`,
});
