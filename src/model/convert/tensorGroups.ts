/**
 * The tensors of an ONNX file, with the way to read them: what is made of one tensor of the
 * checkpoint comes together, and only while it is being written.
 */

import { elementCountOf, type Shape } from '../../tensor/shape.ts';
import type { WeightReader } from '../engine/weightReader.ts';
import type { GraphWeight } from '../graph/graph.ts';
import { quantizeMatrix } from './quantize.ts';
import {
  type QuantizedGraph,
  type QuantizedWeight,
  scalesName,
  valuesName,
} from './quantizedGraph.ts';

export interface FileTensor {
  readonly name: string;
  readonly type: 'float32' | 'int8';
  readonly dims: Shape;
  readonly byteLength: number;
}

export interface TensorGroup {
  readonly tensors: readonly FileTensor[];
  /** The bytes of each. */
  readonly read: () => readonly Uint8Array[];
}

export function tensorGroups(
  { graph, quantized }: QuantizedGraph,
  read: WeightReader['read'],
): TensorGroup[] {
  return [
    ...graph.weights.map((weight) => plain(weight, read)),
    ...quantized.map((weight) => inInt8(weight, read)),
  ];
}

export function byteLengthOf(groups: readonly TensorGroup[]): number {
  return groups
    .flatMap(({ tensors }) => tensors)
    .reduce((sum, { byteLength }) => sum + byteLength, 0);
}

function plain({ name, dims }: GraphWeight, read: WeightReader['read']): TensorGroup {
  const byteLength = 4 * elementCountOf(dims, name);
  return {
    tensors: [{ name, type: 'float32', dims, byteLength }],
    read: () => [bytesOf(read(name))],
  };
}

function inInt8({ weight, layout }: QuantizedWeight, read: WeightReader['read']): TensorGroup {
  const { name } = weight;
  const { rows, columns, channels, transposes } = layout;
  const dims = transposes ? [columns, rows] : [rows, columns];
  const count = channels === 'rows' ? rows : columns;
  return {
    tensors: [
      { name: valuesName(name), type: 'int8', dims, byteLength: rows * columns },
      { name: scalesName(name), type: 'float32', dims: [count], byteLength: 4 * count },
    ],
    read() {
      const { values, scales } = quantizeMatrix(read(name), layout);
      return [bytesOf(values), bytesOf(scales)];
    },
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Int8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
