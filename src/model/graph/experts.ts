/**
 * Mixture of experts: each token goes through the few experts that its router prefers,
 *
 *   y = sum_(e in top k of p) p_e expert_e(x),   p = softmax(W x),
 *
 * the p_e being divided by their sum where the model was trained so. Shazeer et al., 2017
 * (arXiv 1701.06538). An expert computes only what is sent to it.
 */

import type { GraphBuilder, Value } from './graph.ts';
import { linear } from './layers.ts';
import { cast, divide, gather, multiply, softmax, unsqueeze } from './operators.ts';

export interface Routing {
  /** Name of the router, such as `model.layers.0.mlp.gate`. */
  readonly router: string;
  readonly experts: number;
  readonly width: number;
  readonly perToken: number;
  readonly renormalizes: boolean;
  readonly expert: (g: GraphBuilder, x: Value, expert: number) => Value;
}

/** @param x [tokens, width] */
export function mixtureOfExperts(g: GraphBuilder, x: Value, routing: Routing): Value {
  const shares = softmax(g, linear(g, x, routing.router, [routing.experts, routing.width], false));
  const [best, chosen] = g.applyMany('TopK', [shares, g.ints([routing.perToken])], 2, {
    axis: -1,
    largest: 1,
    sorted: 1,
  }) as [Value, Value];
  const weights = routing.renormalizes ? divide(g, best, sumOf(g, best, 1)) : best;
  let sum = g.apply('ConstantOfShape', [g.apply('Shape', [x])]);
  for (let expert = 0; expert < routing.experts; expert++) {
    sum = addExpert(g, sum, x, expert, { weights, chosen }, routing);
  }
  return sum;
}

function sumOf(g: GraphBuilder, x: Value, keepdims: 0 | 1): Value {
  return g.apply('ReduceSum', [x, g.ints([-1])], { keepdims });
}

interface Choice {
  /** [tokens, per token] */
  readonly weights: Value;
  readonly chosen: Value;
}

function addExpert(
  g: GraphBuilder,
  sum: Value,
  x: Value,
  expert: number,
  { weights, chosen }: Choice,
  routing: Routing,
): Value {
  const hits = cast(g, g.apply('Equal', [chosen, g.ints([expert], [])]), 'float32');
  const places = g.apply('Squeeze', [g.apply('NonZero', [sumOf(g, hits, 0)]), g.ints([0])]);
  const weight = gather(g, sumOf(g, multiply(g, hits, weights), 1), places);
  const result = multiply(g, routing.expert(g, gather(g, x, places), expert), weight);
  return g.apply('ScatterND', [sum, unsqueeze(g, places, [1]), result], { reduction: 'add' });
}
