/**
 * The encoder of BERT and its kin: blocks that normalize after adding,
 *
 *   x = norm(x + attention(x)),  x = norm(x + mlp(x)),
 *
 * over all tokens of a row, padding hidden. Devlin et al., 2019 (arXiv 1810.04805).
 */

import { attend, type Heads, type Rows, splitHeads } from './attention.ts';
import type { GraphBuilder, Value } from './graph.ts';
import { activation, embedding, layerNorm, linear } from './layers.ts';
import { paddingBias } from './masks.ts';
import { add, gather, range, reshape, sizeOf } from './operators.ts';

/** Names of a block's tensors, behind its prefix. */
export interface BlockNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly attentionOutput: string;
  readonly attentionNorm: string;
  readonly up: string;
  readonly down: string;
  readonly outputNorm: string;
}

export interface BlockSpec {
  readonly heads: Heads;
  readonly width: number;
  /** Numbers inside the MLP. */
  readonly inner: number;
  readonly epsilon: number;
  readonly activation: string;
  /** Such as `bert.encoder.layer`. */
  readonly blocks: string;
  readonly names: BlockNames;
}

export interface EncoderSpec extends BlockSpec {
  readonly vocabulary: number;
  /** Rows of the table of positions. */
  readonly positions: number;
  readonly layers: number;
  /** Such as `bert.embeddings`. */
  readonly embeddings: string;
  /** Number of the first position. */
  readonly firstPosition: number;
  /** How many there are, if any. */
  readonly tokenTypes?: number;
}

export interface Encoded {
  /** [tokens, width] */
  readonly states: Value;
  /** The first token of each row: [batch, width]. */
  readonly first: Value;
  readonly rows: Rows;
}

/** Adds the encoder to the graph, with its inputs and the output `last_hidden_state`. */
export function buildEncoder(g: GraphBuilder, spec: EncoderSpec): Encoded {
  const ids = g.input('input_ids', 'int64', ['batch', 'length']);
  const mask = g.input('attention_mask', 'int64', ['batch', 'length']);
  const rows = { batch: sizeOf(g, ids, 0), length: sizeOf(g, ids, 1) };
  const bias = paddingBias(g, mask);
  let x = embed(g, ids, rows, spec);
  for (let layer = 0; layer < spec.layers; layer++) x = encoderBlock(g, x, layer, bias, rows, spec);
  const states = reshape(g, x, [rows.batch, -1, spec.width]);
  g.output('last_hidden_state', states, 'float32', ['batch', 'length', spec.width]);
  return { states: x, first: gather(g, states, g.ints([0], []), 1), rows };
}

function embed(g: GraphBuilder, ids: Value, rows: Rows, spec: EncoderSpec): Value {
  const { embeddings, firstPosition, tokenTypes, width } = spec;
  const table = (of: Value, name: string, count: number) =>
    embedding(g, of, `${embeddings}.${name}_embeddings.weight`, [count, width]);
  const words = table(ids, 'word', spec.vocabulary);
  const places = add(g, range(g, rows.length), g.ints([firstPosition]));
  const positions = table(places, 'position', spec.positions);
  let sum = add(g, words, positions);
  if (tokenTypes !== undefined) {
    const types = g.input('token_type_ids', 'int64', ['batch', 'length']);
    sum = add(g, sum, table(types, 'token_type', tokenTypes));
  }
  return layerNorm(g, reshape(g, sum, [-1, width]), `${embeddings}.LayerNorm`, spec);
}

/** @param x [tokens, width] */
export function encoderBlock(
  g: GraphBuilder,
  x: Value,
  layer: number,
  bias: Value,
  rows: Rows,
  spec: BlockSpec,
): Value {
  const { heads, names, width, inner } = spec;
  const name = (part: keyof BlockNames) => `${spec.blocks}.${layer}.${names[part]}`;
  const project = (part: 'query' | 'key' | 'value') =>
    splitHeads(g, linear(g, x, name(part), [width, width]), rows, heads.queries, heads.size);
  const mixed = attend(g, project('query'), project('key'), project('value'), heads, rows, {
    scale: heads.size ** -0.5,
    bias,
  });
  const attended = linear(g, mixed, name('attentionOutput'), [width, width]);
  const between = layerNorm(g, add(g, x, attended), name('attentionNorm'), spec);
  const wide = linear(g, between, name('up'), [inner, width]);
  const outer = linear(g, activation(g, wide, spec.activation), name('down'), [width, inner]);
  return layerNorm(g, add(g, between, outer), name('outputNorm'), spec);
}
