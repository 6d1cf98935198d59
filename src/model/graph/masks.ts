/**
 * What a token may see, as a bias that is added to attention scores: 0, or a number so low that its
 * softmax is 0.
 */

import type { GraphBuilder, Value } from './graph.ts';
import { cast, range, sizeOf, subtract, unsqueeze } from './operators.ts';

/** Not -infinity: rows of which everything is hidden would become NaN. */
export const HIDDEN = -3.4028234663852886e38;

function biasOf(g: GraphBuilder, visible: Value): Value {
  return g.apply('Where', [visible, g.floats([0], []), g.floats([HIDDEN], [])]);
}

/** @param mask [batch, key length], 1 for tokens @returns [batch, 1, 1, key length] */
export function paddingBias(g: GraphBuilder, mask: Value): Value {
  return biasOf(g, unsqueeze(g, cast(g, mask, 'bool'), [1, 2]));
}

/**
 * Each token sees itself and those before it, and of these, if there is a window, only the last
 * `window`. The queries are the last ones of the keys.
 *
 * @param mask [batch, key length] @param ids [batch, query length]
 * @returns [batch, 1, query length, key length]
 */
export function causalBias(g: GraphBuilder, mask: Value, ids: Value, window?: number): Value {
  const total = sizeOf(g, mask, 1);
  const past = subtract(g, total, sizeOf(g, ids, 1));
  const keys = range(g, total);
  const queries = unsqueeze(g, g.apply('Slice', [keys, past, total, g.ints([0])]), [1]);
  const distance = subtract(g, queries, unsqueeze(g, keys, [0]));
  let visible = g.apply('GreaterOrEqual', [distance, g.ints([0], [])]);
  if (window !== undefined) {
    visible = g.apply('And', [visible, g.apply('Less', [distance, g.ints([window], [])])]);
  }
  const present = unsqueeze(g, cast(g, mask, 'bool'), [1, 2]);
  return biasOf(g, g.apply('And', [unsqueeze(g, visible, [0, 1]), present]));
}

/**
 * The same where no row has padding: each token sees itself and those before it.
 *
 * @param positions of the queries @param all of the keys
 * @returns [query length, key length]
 */
export function orderBias(g: GraphBuilder, positions: Value, all: Value): Value {
  return biasOf(g, g.apply('GreaterOrEqual', [unsqueeze(g, positions, [1]), all]));
}
