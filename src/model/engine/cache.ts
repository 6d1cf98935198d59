/**
 * Keys and values of the tokens so far, as the graph gives them back: [rows, heads, length, size] for
 * each layer. Rows can be taken in any order, which is how sequences continue others.
 */

import type { Tensor } from 'onnxruntime-common';
import type { GraphPort } from '../graph/graph.ts';
import type { Feeds, Runtime } from './session.ts';

const PAST = 'past_key_values.';
const PRESENT = 'present.';

/** By the names of the graph's inputs. */
export type Cache = Readonly<Record<string, Tensor>>;

/** Nothing yet: tensors of length 0. */
export function emptyCache(
  { Tensor }: Runtime,
  inputs: readonly GraphPort[],
  rowCount: number,
): Cache {
  const ports = inputs.filter(({ name }) => name.startsWith(PAST));
  return Object.fromEntries(
    ports.map(({ name, dims }) => {
      const sizes = dims.map((dim, i) => (typeof dim === 'number' ? dim : i === 0 ? rowCount : 0));
      return [name, new Tensor('float32', new Float32Array(0), sizes)];
    }),
  );
}

/** The outputs that are to be the inputs of the next step. */
export function cacheOf(outputs: Feeds): Cache {
  return Object.fromEntries(
    Object.entries(outputs)
      .filter(([name]) => name.startsWith(PRESENT))
      .map(([name, tensor]) => [pastName(name), tensor]),
  );
}

/** The input that takes this output in the next step. */
export function pastName(present: string): string {
  return PAST + present.slice(PRESENT.length);
}

export function isSameOrder(parents: readonly number[], rowCount: number): boolean {
  return parents.length === rowCount && parents.every((parent, i) => parent === i);
}

/** Row i of the result is row parents[i]. */
export function takeRows(runtime: Runtime, cache: Cache, parents: readonly number[]): Cache {
  return Object.fromEntries(
    Object.entries(cache).map(([name, tensor]) => [name, rowsOf(runtime, tensor, parents)]),
  );
}

function rowsOf({ Tensor }: Runtime, tensor: Tensor, parents: readonly number[]): Tensor {
  const [rowCount, ...rest] = tensor.dims as [number, ...number[]];
  const data = tensor.data as Float32Array;
  const size = data.length / rowCount;
  const taken = new Float32Array(size * parents.length);
  parents.forEach((parent, i) => {
    taken.set(data.subarray(parent * size, (parent + 1) * size), i * size);
  });
  return new Tensor('float32', taken, [parents.length, ...rest]);
}
