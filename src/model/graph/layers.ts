/**
 * Layers that families share. Hidden states are [tokens, width] throughout, all tokens of all rows
 * of the batch after one another; only attention needs to know where rows begin.
 */

import { badInput } from '../../errors.ts';
import type { GraphBuilder, Value } from './graph.ts';
import { add, divide, gather, multiply, tanh } from './operators.ts';

type Matrix = readonly [rows: number, columns: number];

/** y = x W^T + b, W [out, in] as PyTorch's Linear has it. */
export function linear(
  g: GraphBuilder,
  x: Value,
  name: string,
  shape: Matrix,
  hasBias = true,
): Value {
  const inputs = [x, g.weight(`${name}.weight`, shape)];
  if (hasBias) inputs.push(g.weight(`${name}.bias`, [shape[0]]));
  return g.apply('Gemm', inputs, { transB: 1 });
}

/** y = x W + b, W [in, out]: GPT-2's "Conv1D". */
export function linearTransposed(g: GraphBuilder, x: Value, name: string, shape: Matrix): Value {
  const weight = g.weight(`${name}.weight`, shape);
  return g.apply('Gemm', [x, weight, g.weight(`${name}.bias`, [shape[1]])]);
}

/** Rows of a table. */
export function embedding(g: GraphBuilder, ids: Value, name: string, shape: Matrix): Value {
  return gather(g, g.weight(name, shape), ids);
}

/** Of a norm. */
export interface NormSpec {
  /** How many numbers are normalized together. */
  readonly width: number;
  readonly epsilon: number;
}

/** (x - mean) / sqrt(variance + epsilon) * weight + bias. Ba et al., 2016 (arXiv 1607.06450). */
export function layerNorm(
  g: GraphBuilder,
  x: Value,
  name: string,
  { width, epsilon }: NormSpec,
): Value {
  const inputs = [x, g.weight(`${name}.weight`, [width]), g.weight(`${name}.bias`, [width])];
  return g.apply('LayerNormalization', inputs, { axis: -1, epsilon: { float: epsilon } });
}

/**
 * x / sqrt(mean(x^2) + epsilon) * (offset + weight). Zhang & Sennrich, 2019 (arXiv 1910.07467).
 * Gemma stores the weight's distance from 1, so its offset is 1.
 */
export function rmsNorm(
  g: GraphBuilder,
  x: Value,
  name: string,
  { width, epsilon, offset = 0 }: NormSpec & { readonly offset?: number },
): Value {
  const square = g.apply('Pow', [x, g.floats([2], [])]);
  const mean = g.apply('ReduceMean', [square, g.ints([-1])], { keepdims: 1 });
  const root = g.apply('Sqrt', [add(g, mean, g.floats([epsilon], []))]);
  const weight = g.weight(`${name}.weight`, [width]);
  const factor = offset === 0 ? weight : add(g, weight, g.floats([offset], []));
  return multiply(g, divide(g, x, root), factor);
}

/** Names as configs have them. Gelu: Hendrycks & Gimpel, 2016; silu: x sigmoid(x). */
const ACTIVATIONS: Readonly<Record<string, (g: GraphBuilder, x: Value) => Value>> = {
  relu: (g, x) => g.apply('Relu', [x]),
  gelu: (g, x) => g.apply('Gelu', [x], { approximate: 'none' }),
  gelu_new: (g, x) => g.apply('Gelu', [x], { approximate: 'tanh' }),
  gelu_pytorch_tanh: (g, x) => g.apply('Gelu', [x], { approximate: 'tanh' }),
  silu: (g, x) => multiply(g, x, g.apply('Sigmoid', [x])),
  swish: (g, x) => multiply(g, x, g.apply('Sigmoid', [x])),
  tanh,
};

export function activation(g: GraphBuilder, x: Value, name: string): Value {
  const found = ACTIVATIONS[name];
  if (found) return found(g, x);
  const known = Object.keys(ACTIVATIONS).join(', ');
  throw badInput(`the activation "${name}" is not supported (these are: ${known})`);
}

export interface GatedMlp {
  /** Names of the tensors, without `.weight`. */
  readonly gate: string;
  readonly up: string;
  readonly down: string;
  readonly width: number;
  readonly inner: number;
  readonly hasBias?: boolean;
  readonly activation: string;
}

/** down(activation(gate(x)) * up(x)). Shazeer, 2020 (arXiv 2002.05202). */
export function gatedMlp(g: GraphBuilder, x: Value, mlp: GatedMlp): Value {
  const { width, inner, hasBias = false } = mlp;
  const widened = (name: string) => linear(g, x, name, [inner, width], hasBias);
  const gate = activation(g, widened(mlp.gate), mlp.activation);
  return linear(g, multiply(g, gate, widened(mlp.up)), mlp.down, [width, inner], hasBias);
}
