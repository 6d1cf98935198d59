/**
 * softmax(q k^T * scale + bias) v, with several queries per key head (grouped-query attention,
 * Ainslie et al., 2023, arXiv 2305.13245) and a cache of earlier keys and values.
 * Vaswani et al., 2017 (arXiv 1706.03762).
 */

import type { GraphBuilder, Value } from './graph.ts';
import {
  add,
  concat,
  matmul,
  reshape,
  scale,
  sizeOf,
  softmax,
  tanh,
  transpose,
} from './operators.ts';

export interface Heads {
  readonly queries: number;
  /** Heads of keys and values; each serves queries / keys heads. */
  readonly keys: number;
  /** Numbers of one head. */
  readonly size: number;
}

/** Size of the batch and length of the rows, as lists of one. */
export interface Rows {
  readonly batch: Value;
  readonly length: Value;
}

/** [tokens, heads * size] -> [batch, heads, length, size] */
export function splitHeads(
  g: GraphBuilder,
  x: Value,
  rows: Rows,
  heads: number,
  size: number,
): Value {
  const apart = reshape(g, x, [rows.batch, -1, heads, size]);
  return transpose(g, apart, [0, 2, 1, 3]);
}

export interface Scores {
  readonly scale: number;
  /** Added to the scaled scores, such as the mask: broadcast over [batch, 1 or heads, query, key]. */
  readonly bias?: Value | undefined;
  /** c tanh(scores / c). Gemma 2, 2024 (arXiv 2408.00118). */
  readonly softCap?: number | undefined;
}

/**
 * @param q [batch, queries, length, size]
 * @param k, v [batch, keys, key length, size]
 * @returns [tokens, queries * size]
 */
export function attend(
  g: GraphBuilder,
  q: Value,
  k: Value,
  v: Value,
  heads: Heads,
  rows: Rows,
  scores: Scores,
): Value {
  const { queries, keys, size } = heads;
  const scaled = scale(g, q, scores.scale);
  const isGrouped = queries > keys;
  // All queries of a group form one matrix, so that each key is read once.
  const folded = isGrouped ? reshape(g, scaled, [rows.batch, keys, -1, size]) : scaled;
  const raw = capped(g, matmul(g, folded, transpose(g, k, [0, 1, 3, 2])), scores.softCap);
  // The bias knows queries by their place in the row, so for it the group is taken apart again.
  const apart = isGrouped ? reshape(g, raw, [rows.batch, queries, rows.length, -1]) : raw;
  const weights = softmax(g, scores.bias ? add(g, apart, scores.bias) : apart);
  const keyLength = sizeOf(g, k, 2);
  const together = isGrouped ? reshape(g, weights, [rows.batch, keys, -1, keyLength]) : weights;
  const mixed = matmul(g, together, v);
  const unfolded = isGrouped ? reshape(g, mixed, [rows.batch, queries, -1, size]) : mixed;
  return reshape(g, transpose(g, unfolded, [0, 2, 1, 3]), [-1, queries * size]);
}

function capped(g: GraphBuilder, x: Value, cap: number | undefined): Value {
  return cap === undefined ? x : scale(g, tanh(g, scale(g, x, 1 / cap)), cap);
}

/** What the cache holds of one layer: [batch, heads, length, size] each. */
export interface KeyValue {
  readonly key: Value;
  readonly value: Value;
}

/** Puts new keys and values behind those of the cache. */
export function extendCache(g: GraphBuilder, past: KeyValue, key: Value, value: Value): KeyValue {
  return { key: concat(g, [past.key, key], 2), value: concat(g, [past.value, value], 2) };
}
