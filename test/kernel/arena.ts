/**
 * Memory in which the SIMD kernels and their scalar twins are run on the same bytes and compared:
 * results bit for bit (any NaN equals any NaN), every other byte untouched.
 */

import { expect } from 'vitest';
import type { Kernels, Pointer } from '../../src/kernel/kernels.ts';
import { loadKernelModule } from '../../src/kernel/load.ts';
import { createScalarKernels } from '../../src/kernel/scalar.ts';
import { createSimdKernels } from '../../src/kernel/simd.ts';

const PAGES = 64;
const GUARD_BYTES = 64;
const GUARD = 0xa5;

export const memory = new WebAssembly.Memory({ initial: PAGES, maximum: 65536, shared: true });
export const module = loadKernelModule();
export const simd = createSimdKernels(module, memory);
export const scalar = createScalarKernels(memory.buffer, 'float32');
export const scalar64 = createScalarKernels(memory.buffer, 'float64');

export type Values =
  | Float32Array
  | Float64Array
  | Uint32Array
  | Int32Array
  | Uint16Array
  | Uint8Array;

interface Region {
  readonly pointer: Pointer;
  readonly values: Values;
  /** Bytes from the pointer on that a kernel may change. */
  readonly writableBytes: number;
  readonly isResult: boolean;
}

export interface Arena {
  /** Bytes that no kernel may change. */
  input(values: Values, misalign?: number): Pointer;
  /** Initial values of a result; a padded one may be written up to a multiple of four or eight. */
  result(values: Values, options?: { padded?: boolean | 8; misalign?: number }): Pointer;
  scratch(byteLength: number): Pointer;
  list(vectors: readonly Values[]): Pointer;
  readonly regions: readonly Region[];
}

export function openArena(): Arena {
  const regions: Region[] = [];
  let end = GUARD_BYTES;
  const add = (values: Values, writableBytes: number, isResult: boolean, misalign = 0): Pointer => {
    const pointer = Math.ceil(end / 16) * 16 + misalign;
    end = pointer + Math.max(values.byteLength, writableBytes) + GUARD_BYTES;
    regions.push({ pointer, values, writableBytes, isResult });
    return pointer;
  };
  const input = (values: Values, misalign?: number) => add(values, 0, false, misalign);
  return {
    input,
    result: (values, { padded = false, misalign } = {}) => {
      const width = values.BYTES_PER_ELEMENT;
      const unit = padded === 8 ? 8 : padded ? 4 : 1;
      const count = Math.ceil(values.length / unit) * unit;
      return add(values, count * width, true, misalign);
    },
    scratch: (byteLength) => add(new Uint8Array(byteLength).fill(7), byteLength, false),
    list: (vectors) => input(Uint32Array.from(vectors, (vector) => input(vector))),
    regions,
  };
}

function bytesOf(values: Values): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function imageOf(regions: readonly Region[]): Uint8Array {
  const last = regions[regions.length - 1]!;
  const end = last.pointer + Math.max(last.values.byteLength, last.writableBytes) + GUARD_BYTES;
  const image = new Uint8Array(end).fill(GUARD);
  for (const { pointer, values } of regions) image.set(bytesOf(values), pointer);
  return image;
}

export interface Outcome {
  readonly returned: number | undefined;
  readonly results: Values[];
}

/** Runs one implementation on fresh bytes; fails if it touches what is not its to write. */
export function runOn(
  kernels: Kernels,
  arena: Arena,
  call: (kernels: Kernels) => unknown,
): Outcome {
  const image = imageOf(arena.regions);
  const live = new Uint8Array(memory.buffer, 0, image.length);
  live.set(image);
  const value = call(kernels);
  const returned = typeof value === 'number' ? value : undefined;
  const after = live.slice();
  const results = arena.regions.filter((region) => region.isResult).map(readBack(after));
  for (const { pointer, writableBytes } of arena.regions) {
    after.set(image.subarray(pointer, pointer + writableBytes), pointer);
  }
  if (Buffer.compare(after, image) !== 0) {
    const at = after.findIndex((byte, index) => byte !== image[index]);
    throw new Error(`${kernels.name} wrote byte ${at}: ${JSON.stringify(arena.regions)}`);
  }
  return { returned, results };
}

function readBack(after: Uint8Array): (region: Region) => Values {
  return ({ pointer, values }) => {
    const copy = values.slice();
    bytesOf(copy).set(after.subarray(pointer, pointer + values.byteLength));
    return copy;
  };
}

/** Runs SIMD and float32 twin on the same bytes and returns the outcome on which they agree. */
export function runBoth(arena: Arena, call: (kernels: Kernels) => unknown): Outcome {
  const actual = runOn(simd, arena, call);
  const wanted = runOn(scalar, arena, call);
  expectSameNumber(actual.returned ?? 0, wanted.returned ?? 0, 'returned');
  for (const [index, result] of actual.results.entries()) {
    expectSame(result, wanted.results[index]!);
  }
  return actual;
}

function expectSameNumber(actual: number, wanted: number, place: string): void {
  if (Object.is(actual, wanted)) return;
  expect.fail(`${place}: ${actual} where ${wanted} was expected`);
}

export function expectSame(actual: Values, wanted: Values): void {
  expect(actual.length).toBe(wanted.length);
  for (let j = 0; j < actual.length; j++) expectSameNumber(actual[j]!, wanted[j]!, `element ${j}`);
}
