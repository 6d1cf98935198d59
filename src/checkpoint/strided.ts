/**
 * Reading a strided view as row-major elements: slices, transposes, permutations, expanded
 * dimensions. Synchronous, for the workers; the caller says how bytes are read.
 *
 * A range of row-major elements is cut into boxes, and each box is gathered in the order of the
 * file: the dimensions with the smallest strides are read in one run, small gaps included.
 */

import { FusionError } from '../errors.ts';
import { bitsPerElement } from '../tensor/dtype.ts';
import type { Shape } from '../tensor/shape.ts';
import type { TensorEntry } from './checkpoint.ts';
import { type Box, type BoxDimension, boxesOfRange, halves } from './stridedBox.ts';
import { type ElementCopier, elementCopier } from './stridedCopy.ts';

/** Reads exactly `target.length` bytes of the file from `byteOffset`. */
export type ReadBytes = (target: Uint8Array, byteOffset: number) => void;

/** Bytes held besides the target. */
const SCRATCH_BYTES = 2 ** 20;

/** Reading over a gap of so many bytes costs less than a further read. */
const GAP_BYTES = 2048;

/** Whether elements at `strides` lie in row-major order without gaps. */
export function isContiguous(shape: Shape, strides: readonly number[]): boolean {
  if (shape.includes(0)) return true;
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = shape[i] as number;
    if (size !== 1 && strides[i] !== expected) return false;
    expected *= size;
  }
  return true;
}

/** Fills `target` with the row-major elements `[elementStart, elementEnd)` of `entry`. */
export function readStrided(
  read: ReadBytes,
  entry: TensorEntry,
  elementStart: number,
  elementEnd: number,
  target: Uint8Array,
): void {
  const elementBytes = bitsPerElement(entry.dtype) / 8;
  assertFits(entry, elementStart, elementEnd, elementBytes, target);
  if (elementStart === elementEnd) return;
  if (!entry.strides) {
    read(target, entry.byteOffset + elementStart * elementBytes);
    return;
  }
  const gather: Gather = { read, byteOffset: entry.byteOffset, elementBytes, target };
  for (const box of boxesOfRange(entry.shape, entry.strides, elementStart, elementEnd)) {
    gatherBox(gather, box);
  }
}

function assertFits(
  entry: TensorEntry,
  start: number,
  end: number,
  elementBytes: number,
  target: Uint8Array,
): void {
  const count = entry.shape.reduce((product, size) => product * size, 1);
  const isRange = 0 <= start && start <= end && end <= count;
  if (isRange && target.length === (end - start) * elementBytes) return;
  throw new FusionError(
    'internal',
    `tensor "${entry.name}": elements ${start} to ${end} of ${count} into ${target.length} bytes`,
  );
}

interface Gather {
  readonly read: ReadBytes;
  readonly byteOffset: number;
  readonly elementBytes: number;
  readonly target: Uint8Array;
}

/** Reads a box run by run; `inner` dimensions make one run, `outer` ones are stepped through. */
function gatherBox(gather: Gather, box: Box): void {
  const dimensions = box.dimensions.toSorted((a, b) => b.stride - a.stride);
  const { innerCount, span } = runOf(dimensions, gather.elementBytes);
  const outer = dimensions.slice(0, dimensions.length - innerCount);
  const inner = dimensions.slice(dimensions.length - innerCount);
  if (isPlainRun(inner)) {
    forEachIndex(outer, box.source, box.target, (source, target) => {
      readInto(gather, source, target, span);
    });
    return;
  }
  const tooLong = inner[0];
  if (span * gather.elementBytes > SCRATCH_BYTES && tooLong) {
    for (const half of halves(box, tooLong)) gatherBox(gather, half);
    return;
  }
  gatherRuns(gather, box, outer, inner, span);
}

/**
 * How many of the innermost dimensions are read as one run, and its elements. Only the last one
 * taken may make the run longer than the scratch; it is then halved.
 */
function runOf(dimensions: readonly BoxDimension[], elementBytes: number) {
  let span = 1;
  let innerCount = 0;
  for (const { size, stride } of dimensions.toReversed()) {
    const gap = (stride - span) * elementBytes;
    if (gap > GAP_BYTES || span * elementBytes > SCRATCH_BYTES / 2) break;
    span += (size - 1) * stride;
    innerCount += 1;
  }
  return { innerCount, span };
}

/** Whether a run needs no rearranging. */
function isPlainRun(inner: readonly BoxDimension[]): boolean {
  const [only] = inner;
  return inner.length === 0 || (inner.length === 1 && only?.stride === 1 && only.step === 1);
}

function readInto(gather: Gather, source: number, target: number, count: number): void {
  const { elementBytes } = gather;
  const bytes = gather.target.subarray(target * elementBytes, (target + count) * elementBytes);
  gather.read(bytes, gather.byteOffset + source * elementBytes);
}

function gatherRuns(
  gather: Gather,
  box: Box,
  outer: readonly BoxDimension[],
  inner: readonly BoxDimension[],
  span: number,
): void {
  const { elementBytes } = gather;
  const run = new Uint8Array(span * elementBytes);
  const copy = elementCopier(run, gather.target, elementBytes);
  // The longest dimension is the innermost loop.
  const loops = inner.toSorted((a, b) => a.size - b.size);
  forEachIndex(outer, box.source, box.target, (source, target) => {
    gather.read(run, gather.byteOffset + source * elementBytes);
    scatter(copy, loops, target);
  });
}

function scatter(copy: ElementCopier, loops: readonly BoxDimension[], target: number): void {
  const innermost = loops.at(-1);
  if (!innermost) return;
  const { size, stride, step } = innermost;
  forEachIndex(loops.slice(0, -1), 0, target, (from, to) => copy(from, to, size, stride, step));
}

/** Calls `visit` with the source and target element of every index over `dimensions`. */
function forEachIndex(
  dimensions: readonly BoxDimension[],
  source: number,
  target: number,
  visit: (source: number, target: number) => void,
  depth = 0,
): void {
  const dimension = dimensions[depth];
  if (!dimension) {
    visit(source, target);
    return;
  }
  const { size, stride, step } = dimension;
  for (let i = 0; i < size; i++) {
    forEachIndex(dimensions, source + i * stride, target + i * step, visit, depth + 1);
  }
}
