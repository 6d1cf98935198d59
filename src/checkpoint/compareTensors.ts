/**
 * Compares two tensors of one shape by streaming both from their files: memory does not grow with
 * them. Mergeable types are compared as numbers; all others as bytes, equal or not.
 */

import { bitsPerElement, isMergeable } from '../tensor/dtype.ts';
import { elementCountOf } from '../tensor/shape.ts';
import type { TensorEntry } from './checkpoint.ts';
import { CHUNK_ELEMENTS, type PairKernels } from './pairKernels.ts';
import { emptySums, type PairSums } from './pairSums.ts';
import { readStrided } from './strided.ts';
import type { WeightBytes } from './weightBytes.ts';

/** A tensor and the files that it is read from. */
export interface TensorSide {
  readonly entry: TensorEntry;
  readonly bytes: WeightBytes;
}

export interface CompareContext {
  readonly kernels: PairKernels;
  /** Awaited after every chunk, with the bytes of both sides that it took; may throw. */
  readonly onChunk: (byteLength: number) => Promise<void>;
}

/** Whether `compareTensors` can compare the two: numbers with numbers, bytes with like bytes. */
export function areComparable(a: TensorEntry, b: TensorEntry): boolean {
  return a.dtype === b.dtype || (isMergeable(a.dtype) && isMergeable(b.dtype));
}

/** Of opaque types only `elements` and `unchanged` are counted. */
export async function compareTensors(
  a: TensorSide,
  b: TensorSide,
  { kernels, onChunk }: CompareContext,
): Promise<PairSums> {
  const sums = emptySums();
  const count = elementCountOf(a.entry.shape, a.entry.name);
  const addChunk = chunkAdder(a.entry, b.entry, kernels);
  for (let start = 0; start < count; start += CHUNK_ELEMENTS) {
    const end = Math.min(count, start + CHUNK_ELEMENTS);
    const byteLength =
      readElements(a, start, end, kernels.chunkA) + readElements(b, start, end, kernels.chunkB);
    addChunk(sums, end - start);
    await onChunk(byteLength);
  }
  return sums;
}

/** Reads elements [start, end) into `chunk`; returns the number of bytes. */
function readElements(
  { entry, bytes }: TensorSide,
  start: number,
  end: number,
  chunk: Uint8Array,
): number {
  const target = chunk.subarray(0, ((end - start) * bitsPerElement(entry.dtype)) / 8);
  const read = (into: Uint8Array, byteOffset: number) => bytes.read(entry.file, into, byteOffset);
  readStrided(read, entry, start, end, target);
  return target.byteLength;
}

function chunkAdder(
  { dtype: dtypeA }: TensorEntry,
  { dtype: dtypeB }: TensorEntry,
  kernels: PairKernels,
): (sums: PairSums, count: number) => void {
  if (isMergeable(dtypeA) && isMergeable(dtypeB)) {
    return (sums, count) => kernels.add(sums, dtypeA, dtypeB, count);
  }
  const bits = bitsPerElement(dtypeA);
  // Elements that share bytes (FP4, FP6) count as unchanged together.
  const group = GROUP_SIZES[bits] ?? 1;
  return (sums, count) => {
    const equal = countEqual(kernels, (count * bits) / 8, (group * bits) / 8);
    sums.elements += count;
    sums.unchanged += equal * group;
  };
}

/** Elements that fill whole bytes, by the bits of one. */
const GROUP_SIZES: Readonly<Record<number, number>> = { 4: 2, 6: 4 };

/** Of the first `byteLength` bytes, how many runs of `runBytes` are the same in both chunks. */
function countEqual({ chunkA, chunkB }: PairKernels, byteLength: number, runBytes: number): number {
  const a = chunkA.subarray(0, byteLength);
  const b = chunkB.subarray(0, byteLength);
  if (Buffer.compare(a, b) === 0) return byteLength / runBytes;
  let equal = 0;
  for (let at = 0; at < byteLength; at += runBytes) {
    let same = 1;
    for (let i = at; i < at + runBytes; i++) if (a[i] !== b[i]) same = 0;
    equal += same;
  }
  return equal;
}
