/**
 * The two graphs of a model that reads one text and writes another: their ports, named as
 * transformers.js names them, which makes an empty cache of every dimension but `batch_size`.
 *
 * Not the blocks of a family. And there is no mask of the text that is written: its rows have no
 * padding, since all begin with the start token and grow together. A row that has ended grows on, and
 * whoever decodes ignores it.
 *
 * p(y | x) = prod_t softmax(decoder(y_(<t), encoder(x)) W^T + b). Sutskever et al., 2014
 * (arXiv 1409.3215); Vaswani et al., 2017 (arXiv 1706.03762).
 */

import { badInput } from '../../errors.ts';
import type { Heads, Rows } from './attention.ts';
import { type Cached, cacheInputs } from './cachedAttention.ts';
import type { GraphBuilder, Value } from './graph.ts';
import { paddingBias } from './masks.ts';
import { add, range, reshape, sizeOf, slice } from './operators.ts';

export type Part = 'encoder' | 'decoder' | 'whole';

/** Adds the graph of one part. */
export function buildPart(part: Part, build: Readonly<Record<'encoder' | 'decoder', () => void>>) {
  if (part !== 'whole') return build[part]();
  throw badInput('a sequence-to-sequence model is built as two graphs, "encoder" and "decoder"');
}

const SOURCE = ['batch_size', 'encoder_sequence_length'] as const;
const TARGET = ['batch_size', 'decoder_sequence_length'] as const;
/** Beyond the end of any text. */
const END = 2 ** 31;

export interface EncoderInputs {
  /** [batch, length] */
  readonly ids: Value;
  readonly rows: Rows;
  /** Hides padding. */
  readonly bias: Value;
}

export function encoderInputs(g: GraphBuilder): EncoderInputs {
  const ids = g.input('input_ids', 'int64', SOURCE);
  const mask = g.input('attention_mask', 'int64', SOURCE);
  return { ids, rows: rowsOf(g, ids), bias: paddingBias(g, mask) };
}

/** @param x [tokens, width] */
export function encoderOutput(g: GraphBuilder, x: Value, rows: Rows, width: number): void {
  const states = reshape(g, x, [rows.batch, -1, width]);
  g.output('last_hidden_state', states, 'float32', [...SOURCE, width]);
}

const rowsOf = (g: GraphBuilder, ids: Value): Rows => ({
  batch: sizeOf(g, ids, 0),
  length: sizeOf(g, ids, 1),
});

export interface DecoderInputs extends Cached {
  /** [batch, length] */
  readonly ids: Value;
  /** Of the new tokens, counted from 0: [length]. */
  readonly positions: Value;
  /** Of all tokens, those of the cache included: [total]. */
  readonly allPositions: Value;
  /** Hides padding of the source. */
  readonly sourceBias: Value;
}

export function decoderInputs(
  g: GraphBuilder,
  { width, layers, heads }: { width: number; layers: number; heads: Heads },
): DecoderInputs {
  const ids = g.input('input_ids', 'int64', TARGET);
  const mask = g.input('encoder_attention_mask', 'int64', SOURCE);
  const states = g.input('encoder_hidden_states', 'float32', [...SOURCE, width]);
  const cache = cacheInputs(g, layers, heads);
  const rows = rowsOf(g, ids);
  const past = sizeOf(g, cache[0]!.decoder.key, 2);
  const total = add(g, past, rows.length);
  const allPositions = range(g, total);
  return {
    ids,
    rows,
    heads,
    width,
    positions: slice(g, allPositions, 0, past, total),
    allPositions,
    sourceStates: uncached(g, states, width),
    sourceBias: paddingBias(g, mask),
    cache,
  };
}

function uncached(g: GraphBuilder, states: Value, width: number): Value {
  const isCached = g.input('use_cache_branch', 'bool', [1]);
  const count = g.apply('Where', [isCached, g.ints([0]), g.ints([END])]);
  return reshape(g, slice(g, states, 1, g.ints([0]), count), [-1, width]);
}

/** The first of these tables that the checkpoint has: one of its own before one that is shared. */
export function firstTable(g: GraphBuilder, ...names: readonly string[]): string {
  return names.find(g.hasWeight) ?? names.at(-1)!;
}

export interface Head {
  /** Name of [vocabulary, width]. */
  readonly table: string;
  readonly vocabulary: number;
  readonly width: number;
  /** Name of [1, vocabulary], which a checkpoint may lack. */
  readonly bias?: string;
  readonly scale?: number;
}

/** @param x [tokens, width] */
export function decoderOutput(g: GraphBuilder, x: Value, rows: Rows, head: Head): void {
  const { table, vocabulary, width, bias, scale = 1 } = head;
  const inputs = [x, g.weight(table, [vocabulary, width])];
  if (bias && g.hasWeight(bias)) inputs.push(g.weight(bias, [1, vocabulary]));
  const logits = g.apply('Gemm', inputs, { transB: 1, alpha: { float: scale } });
  const apart = reshape(g, logits, [rows.batch, -1, vocabulary]);
  g.output('logits', apart, 'float32', [...TARGET, vocabulary]);
}
