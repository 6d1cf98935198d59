/** The ports of a causal model's cache, named as transformers.js names them. */

import type { Heads, KeyValue } from './attention.ts';
import type { GraphBuilder } from './graph.ts';

const CACHE = (layer: number, of: 'key' | 'value') => `${layer}.${of}`;

export function pastOf(g: GraphBuilder, layer: number, heads: Heads): KeyValue {
  const port = (of: 'key' | 'value') =>
    g.input(`past_key_values.${CACHE(layer, of)}`, 'float32', [
      'batch_size',
      heads.keys,
      'past',
      heads.size,
    ]);
  return { key: port('key'), value: port('value') };
}

export function presentOf(g: GraphBuilder, layer: number, heads: Heads, now: KeyValue): void {
  for (const of of ['key', 'value'] as const) {
    g.output(`present.${CACHE(layer, of)}`, now[of], 'float32', [
      'batch_size',
      heads.keys,
      'total',
      heads.size,
    ]);
  }
}
