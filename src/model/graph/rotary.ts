/**
 * Rotary positions: pairs (x_i, x_(i + d/2)) of a head are turned by the angle position * w_i with
 * w_i = theta^(-2 i / d). Su et al., RoFormer, 2021 (arXiv 2104.09864). What a config makes of the w_i:
 * rotaryConfig.ts.
 */

import type { GraphBuilder, Value } from './graph.ts';
import { cast, concat, multiply, range, reshape, scale, unsqueeze } from './operators.ts';

export interface Rotary {
  /** Numbers of a head that are turned. */
  readonly size: number;
  /** w_i for i < size / 2. */
  readonly frequencies: readonly number[];
  /** Used instead when the text is longer than `beyond` tokens. */
  readonly long?: { readonly frequencies: readonly number[]; readonly beyond: number };
  /** Factor of cosines and sines. */
  readonly amplitude: number;
}

/** Angles of tokens, ready to turn queries or keys with. */
export interface Angles {
  /** [tokens, size / 2] */
  readonly cosines: Value;
  readonly sines: Value;
  /** [batch, length]: the row of each token in these. */
  readonly places: Value;
  readonly size: number;
}

/** @param positions [batch, length] @param mask [batch, total], 1 for tokens */
export function rotaryAngles(
  g: GraphBuilder,
  positions: Value,
  mask: Value,
  rotary: Rotary,
): Angles {
  const half = rotary.size / 2;
  const column = unsqueeze(g, cast(g, positions, 'float32'), [2]);
  const angles = reshape(g, multiply(g, column, frequenciesFor(g, mask, rotary)), [-1, half]);
  const shape = g.apply('Shape', [positions]);
  const count = g.apply('ReduceProd', [shape], { keepdims: 1 });
  return {
    cosines: scale(g, g.apply('Cos', [angles]), rotary.amplitude),
    sines: scale(g, g.apply('Sin', [angles]), rotary.amplitude),
    places: g.apply('Reshape', [range(g, count), shape]),
    size: half * 2,
  };
}

/** [size / 2], or those of each row by its own length: [batch, 1, size / 2]. */
function frequenciesFor(g: GraphBuilder, mask: Value, { frequencies, long }: Rotary): Value {
  if (!long) return g.floats(frequencies);
  const lengths = g.apply('ReduceSum', [mask, g.ints([-1])], { keepdims: 1 });
  const isLong = unsqueeze(g, g.apply('Greater', [lengths, g.ints([long.beyond], [])]), [2]);
  return g.apply('Where', [isLong, g.floats(long.frequencies), g.floats(frequencies)]);
}

/** @param x [batch, heads, length, size of a head] */
export function rotate(g: GraphBuilder, x: Value, angles: Angles, headSize: number): Value {
  if (angles.size === headSize) return turned(g, x, angles);
  const [first, rest] = g.applyMany(
    'Split',
    [x, g.ints([angles.size, headSize - angles.size])],
    2,
    { axis: -1 },
  ) as [Value, Value];
  return concat(g, [turned(g, first, angles), rest], -1);
}

function turned(g: GraphBuilder, x: Value, { cosines, sines, places }: Angles): Value {
  return g.apply('RotaryEmbedding', [x, places, cosines, sines], { interleaved: 0 });
}
