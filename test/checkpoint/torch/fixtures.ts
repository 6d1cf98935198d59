/** The PyTorch files of test/formats, and their tensors as values that a test can compare. */

import { readFileSync } from 'node:fs';
import type { TensorEntry, WeightFileContents } from '../../../src/checkpoint/checkpoint.ts';
import { readStrided } from '../../../src/checkpoint/strided.ts';
import { readTorchFile } from '../../../src/checkpoint/torch/readTorchFile.ts';
import { memorySource } from '../../../src/io/memorySource.ts';
import { bitsPerElement } from '../../../src/tensor/dtype.ts';
import { elementCountOf } from '../../../src/tensor/shape.ts';

export const FORMATS = new URL('../../formats/', import.meta.url);

export function fixture(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(path, FORMATS)));
}

export function fixtureJson<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(path, FORMATS), 'utf8')) as T;
}

export function readFixture(path: string): Promise<WeightFileContents> {
  return readTorchFile(memorySource(fixture(path), path));
}

/** All elements of a tensor in row-major order. */
export function tensorBytes(file: Uint8Array, entry: TensorEntry): Uint8Array {
  const count = elementCountOf(entry.shape, entry.name);
  const target = new Uint8Array((count * bitsPerElement(entry.dtype)) / 8);
  readStrided(
    (bytes, byteOffset) => {
      if (byteOffset + bytes.length > file.length) throw new Error('reads past the end');
      bytes.set(file.subarray(byteOffset, byteOffset + bytes.length));
    },
    entry,
    0,
    count,
    target,
  );
  return target;
}

export type Scalar = number | bigint | boolean;

const SCALARS: Readonly<Record<string, (view: DataView, at: number) => Scalar>> = {
  F64: (view, at) => view.getFloat64(at, true),
  F32: (view, at) => view.getFloat32(at, true),
  F16: (view, at) => halfToNumber(view.getUint16(at, true)),
  BF16: (view, at) => bfloatToNumber(view.getUint16(at, true)),
  I64: (view, at) => view.getBigInt64(at, true),
  I32: (view, at) => BigInt(view.getInt32(at, true)),
  U8: (view, at) => BigInt(view.getUint8(at)),
  BOOL: (view, at) => view.getUint8(at) === 1,
};

export function scalarsOf(bytes: Uint8Array, dtype: TensorEntry['dtype']): Scalar[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const step = bitsPerElement(dtype) / 8;
  const get = SCALARS[dtype]!;
  return Array.from({ length: bytes.length / step }, (_, i) => get(view, i * step));
}

function bfloatToNumber(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits << 16);
  return view.getFloat32(0);
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
