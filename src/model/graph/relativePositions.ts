/**
 * T5's relative positions: a bias of the scores for each head and each bucket of distances,
 *
 *   bias(query, key) = table[bucket(key - query)]
 *
 * where near distances have a bucket each and farther ones share buckets that widen as their
 * logarithm, up to `maxDistance`, beyond which there is one. Raffel et al., 2020 (arXiv 1910.10683,
 * section 2.1). Not rotary, and no limit to the length of a text.
 *
 * Buckets are looked up, not computed, when the graph runs: where the logarithm is whole, an
 * inaccurate one would choose the bucket before.
 */

import type { GraphBuilder, Value } from './graph.ts';
import { HIDDEN } from './masks.ts';
import { add, concat, gather, subtract, transpose, unsqueeze } from './operators.ts';

export interface RelativePositions {
  /** Name of [buckets, heads]. */
  readonly table: string;
  readonly buckets: number;
  readonly maxDistance: number;
  readonly heads: number;
  /** Whether keys behind the query have buckets of their own; else they are hidden. */
  readonly isBidirectional: boolean;
}

/**
 * @param queries, keys: their positions
 * @returns [heads, query length, key length]
 */
export function relativeBias(
  g: GraphBuilder,
  queries: Value,
  keys: Value,
  positions: RelativePositions,
): Value {
  const { maxDistance, isBidirectional, heads, table } = positions;
  const farthest = isBidirectional ? maxDistance : 1;
  const hidden = g.floats(Array(heads).fill(HIDDEN), [1, heads]);
  const own = g.weight(table, [positions.buckets, heads]);
  const buckets = isBidirectional ? own : concat(g, [own, hidden], 0);
  const distances = Array.from({ length: maxDistance + farthest + 1 }, (_, i) => i - maxDistance);
  const ofDistance = gather(g, buckets, g.ints(distances.map((d) => bucketOf(d, positions))));
  const distance = subtract(g, unsqueeze(g, keys, [0]), unsqueeze(g, queries, [1]));
  const near = g.apply('Clip', [distance, g.ints([-maxDistance], []), g.ints([farthest], [])]);
  return gather(g, transpose(g, ofDistance, [1, 0]), add(g, near, g.ints([maxDistance])), 1);
}

/** @param relative position of the key, as seen from the query */
export function bucketOf(
  relative: number,
  { buckets, maxDistance, isBidirectional }: Omit<RelativePositions, 'table' | 'heads'>,
): number {
  if (!isBidirectional) return relative > 0 ? buckets : oneSided(-relative, buckets, maxDistance);
  const half = Math.floor(buckets / 2);
  return oneSided(Math.abs(relative), half, maxDistance) + (relative > 0 ? half : 0);
}

function oneSided(distance: number, buckets: number, maxDistance: number): number {
  const exact = Math.floor(buckets / 2);
  if (distance < exact) return distance;
  const share = Math.log(distance / exact) / Math.log(maxDistance / exact);
  return Math.min(exact + Math.floor(share * (buckets - exact)), buckets - 1);
}
