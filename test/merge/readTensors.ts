/** Reads whole small checkpoints as JavaScript numbers, by the plainest means there are. */

import { readFileSync } from 'node:fs';
import { openCheckpoint } from '../../src/checkpoint/open.ts';

export interface TensorValues {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
  /** The stored bits of 16-bit types. */
  readonly bits16?: readonly number[];
}

export async function readTensors(folder: string): Promise<Map<string, TensorValues>> {
  const checkpoint = await openCheckpoint(folder, folder);
  const files = checkpoint.files.map(({ path }) => readFileSync(path));
  const tensors = new Map<string, TensorValues>();
  for (const { name, dtype, shape, file, byteOffset } of checkpoint.tensors.values()) {
    const count = shape.reduce((product, size) => product * size, 1);
    tensors.set(name, { shape, dtype, ...decode(files[file]!, dtype, byteOffset, count) });
  }
  return tensors;
}

function decode(bytes: Buffer, dtype: string, offset: number, count: number) {
  const read = {
    F64: (i: number) => bytes.readDoubleLE(offset + 8 * i),
    F32: (i: number) => bytes.readFloatLE(offset + 4 * i),
    I64: (i: number) => Number(bytes.readBigInt64LE(offset + 8 * i)),
  }[dtype];
  if (read) return { values: Array.from({ length: count }, (_, i) => read(i)) };
  const bits16 = Array.from({ length: count }, (_, i) => bytes.readUInt16LE(offset + 2 * i));
  const toNumber = { BF16: fromBf16, F16: fromF16 }[dtype];
  if (!toNumber) throw new Error(`no plain reader for ${dtype}`);
  return { bits16, values: bits16.map(toNumber) };
}

const scratch = new DataView(new ArrayBuffer(4));

function fromBf16(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

function fromF16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
