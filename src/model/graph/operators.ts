/** Operators by the names of the field, as functions on a graph under construction. */

import type { GraphBuilder, Value } from './graph.ts';

export const add = (g: GraphBuilder, a: Value, b: Value) => g.apply('Add', [a, b]);
export const subtract = (g: GraphBuilder, a: Value, b: Value) => g.apply('Sub', [a, b]);
export const multiply = (g: GraphBuilder, a: Value, b: Value) => g.apply('Mul', [a, b]);
export const divide = (g: GraphBuilder, a: Value, b: Value) => g.apply('Div', [a, b]);
export const matmul = (g: GraphBuilder, a: Value, b: Value) => g.apply('MatMul', [a, b]);
export const tanh = (g: GraphBuilder, x: Value) => g.apply('Tanh', [x]);
export const softmax = (g: GraphBuilder, x: Value) => g.apply('Softmax', [x], { axis: -1 });

export function scale(g: GraphBuilder, x: Value, factor: number): Value {
  return factor === 1 ? x : multiply(g, x, g.floats([factor], []));
}

export function gather(g: GraphBuilder, table: Value, indices: Value, axis = 0): Value {
  return g.apply('Gather', [table, indices], { axis });
}

export function concat(g: GraphBuilder, values: readonly Value[], axis: number): Value {
  return g.apply('Concat', values, { axis });
}

export function transpose(g: GraphBuilder, x: Value, perm: readonly number[]): Value {
  return g.apply('Transpose', [x], { perm });
}

/** Elements [start, end) along one axis. */
export function slice(g: GraphBuilder, x: Value, axis: number, start: Value, end: Value): Value {
  return g.apply('Slice', [x, start, end, g.ints([axis])]);
}

export function unsqueeze(g: GraphBuilder, x: Value, axes: readonly number[]): Value {
  return g.apply('Unsqueeze', [x, g.ints(axes)]);
}

/** The size along one axis, as a list of one. */
export function sizeOf(g: GraphBuilder, x: Value, axis: number): Value {
  return g.apply('Shape', [x], { start: axis, end: axis + 1 });
}

/** `dims` are sizes, -1 once for what is left, or lists of one. */
export function reshape(g: GraphBuilder, x: Value, dims: readonly (number | Value)[]): Value {
  const isFixed = dims.every((dim) => typeof dim === 'number');
  const shape = isFixed
    ? g.ints(dims)
    : concat(
        g,
        dims.map((dim) => (typeof dim === 'number' ? g.ints([dim]) : dim)),
        0,
      );
  return g.apply('Reshape', [x, shape]);
}

/** 0, 1, ..., size - 1, where size is a list of one. */
export function range(g: GraphBuilder, size: Value): Value {
  const scalar = g.apply('Squeeze', [size, g.ints([0])]);
  return g.apply('Range', [g.ints([0], []), scalar, g.ints([1], [])]);
}

export function cast(g: GraphBuilder, x: Value, to: 'float32' | 'int64' | 'bool'): Value {
  return g.apply('Cast', [x], { to: { float32: 1, int64: 7, bool: 9 }[to] });
}

export function split(g: GraphBuilder, x: Value, sizes: readonly number[], axis = -1): Value[] {
  return g.applyMany('Split', [x, g.ints(sizes)], sizes.length, { axis });
}
