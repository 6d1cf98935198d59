/**
 * Attention of a decoder to what it has written (self) and to what the encoder read (source), with a
 * cache of both,
 *
 *   self:    K = [past K; x W_k^T],             V likewise, under the causal bias
 *   source:  K = [past K; h_(1..n) W_k^T],      V likewise, n = 0 if they are cached, else all of h
 *
 * with the encoder's states h. So one graph serves the first step and all others, without a branch
 * and with one set of weights, and what depends on the source alone is computed once.
 * Vaswani et al., 2017 (arXiv 1706.03762).
 */

import {
  attend,
  extendCache,
  type Heads,
  type KeyValue,
  type Rows,
  type Scores,
  splitHeads,
} from './attention.ts';
import type { GraphBuilder, Value } from './graph.ts';
import { linear } from './layers.ts';

/** Whose text a decoder attends to: its own, or the encoder's. */
export type Attended = 'decoder' | 'encoder';

export interface Cached {
  readonly rows: Rows;
  readonly heads: Heads;
  readonly width: number;
  /** The encoder's states as yet uncached: [tokens or 0, width]. */
  readonly sourceStates: Value;
  /** Of each layer. */
  readonly cache: readonly Readonly<Record<Attended, KeyValue>>[];
}

export function cacheInputs(g: GraphBuilder, layers: number, heads: Heads): Cached['cache'] {
  return Array.from({ length: layers }, (_, layer) => ({
    decoder: pastOf(g, layer, 'decoder', heads),
    encoder: pastOf(g, layer, 'encoder', heads),
  }));
}

function pastOf(g: GraphBuilder, layer: number, of: Attended, heads: Heads): KeyValue {
  const dims = ['batch_size', heads.keys, `past_${of}_sequence_length`, heads.size];
  const port = (part: keyof KeyValue) =>
    g.input(`past_key_values.${layer}.${of}.${part}`, 'float32', dims);
  return { key: port('key'), value: port('value') };
}

function presentOf(g: GraphBuilder, layer: number, of: Attended, heads: Heads, now: KeyValue) {
  const dims = ['batch_size', heads.keys, `total_${of}_sequence_length`, heads.size];
  for (const part of ['key', 'value'] as const) {
    g.output(`present.${layer}.${of}.${part}`, now[part], 'float32', dims);
  }
}

/** Names of the tensors of one attention, without `.weight` and `.bias`. */
export interface AttentionNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly output: string;
}

export interface CachedAttention {
  readonly of: Attended;
  readonly layer: number;
  readonly names: AttentionNames;
  readonly hasBias: boolean;
  readonly scores: Scores;
}

/** @param x, and the result: [tokens, width] */
export function attendCached(
  g: GraphBuilder,
  x: Value,
  { of, layer, names, hasBias, scores }: CachedAttention,
  { rows, heads, width, sourceStates, cache }: Cached,
): Value {
  const inner = heads.keys * heads.size;
  const project = (from: Value, name: string) => {
    const all = linear(g, from, name, [inner, width], hasBias);
    return splitHeads(g, all, rows, heads.keys, heads.size);
  };
  const read = of === 'decoder' ? x : sourceStates;
  const past = cache[layer]![of];
  const now = extendCache(g, past, project(read, names.key), project(read, names.value));
  presentOf(g, layer, of, heads, now);
  const mixed = attend(g, project(x, names.query), now.key, now.value, heads, rows, scores);
  return linear(g, mixed, names.output, [width, inner], hasBias);
}
