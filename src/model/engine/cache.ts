/**
 * Keys and values of the tokens so far, as the graph gives them back: [rows, heads, length, size] for
 * each layer. Rows can be taken in any order, which is how sequences continue others.
 */

import type { Tensor } from 'onnxruntime-common';
import type { Port, Ports, Running } from './running.ts';
import type { Runtime } from './session.ts';

const PAST = 'past_key_values.';
const PRESENT = 'present.';
/** Of the source, which no step changes; some graphs give back nothing in its place. */
const SOURCE = '.encoder.';

/** By the names of the graph's inputs. */
export type Cache = Readonly<Record<string, Tensor>>;

/** Where a graph takes a part of the cache, and where it gives it back, grown. */
export interface CachePort {
  readonly past: Port;
  readonly present: string;
  readonly isOfSource: boolean;
}

export const isCacheInput = (name: string) => name.startsWith(PAST);

export function cachePortsOf({ inputs }: Ports): CachePort[] {
  return inputs
    .filter(({ name }) => isCacheInput(name))
    .map((past) => ({
      past,
      present: PRESENT + past.name.slice(PAST.length),
      isOfSource: past.name.includes(SOURCE),
    }));
}

/** Nothing yet: tensors of length 0. */
export function emptyCache({ runtime, cachePorts }: Running, rowCount: number): Cache {
  const { Tensor } = runtime;
  return Object.fromEntries(
    cachePorts.map(({ past: { name, type, dims } }) => {
      const sizes = dims.map((dim, i) => (typeof dim === 'number' ? dim : i === 0 ? rowCount : 0));
      const none = type === 'float16' ? new Uint16Array(0) : new Float32Array(0);
      return [name, new Tensor(type, none, sizes)];
    }),
  );
}

/** Names of the outputs that a step is asked for, of which `before` is the cache. */
export function cacheOutputs({ cachePorts }: Running, before?: Cache): string[] {
  const asked = before ? cachePorts.filter(({ isOfSource }) => !isOfSource) : cachePorts;
  return asked.map(({ present }) => present);
}

/** What is to be the input of the next step. */
export function cacheOf(
  { cachePorts }: Running,
  out: Readonly<Record<string, Tensor>>,
  before?: Cache,
): Cache {
  const cache: Record<string, Tensor> = {};
  for (const { past, present, isOfSource } of cachePorts) {
    cache[past.name] = before && isOfSource ? before[past.name]! : out[present]!;
  }
  return cache;
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

/** The numbers of a tensor, of any type: their bits are only moved. */
type Numbers = Float32Array | Uint16Array | BigInt64Array;

export function rowsOf({ Tensor }: Runtime, tensor: Tensor, parents: readonly number[]): Tensor {
  const [rowCount, ...rest] = tensor.dims as [number, ...number[]];
  const data = tensor.data as Numbers;
  const size = data.length / rowCount;
  const taken = new (data.constructor as new (length: number) => Numbers)(size * parents.length);
  parents.forEach((parent, i) => {
    taken.set(data.subarray(parent * size, (parent + 1) * size) as never, i * size);
  });
  return new Tensor(tensor.type, taken, [parents.length, ...rest]);
}
