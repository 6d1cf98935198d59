import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Checkpoint, TensorEntry } from '../../src/checkpoint/checkpoint.ts';
import { openCheckpoint } from '../../src/checkpoint/open.ts';
import { parseSafetensorsHeader } from '../../src/checkpoint/safetensors/parse.ts';
import { readSafetensorsFile } from '../../src/checkpoint/safetensors/read.ts';
import { serializeSafetensorsHeader } from '../../src/checkpoint/safetensors/serialize.ts';
import { memorySource } from '../../src/io/memorySource.ts';
import type { Dtype } from '../../src/tensor/dtype.ts';
import { FORMATS } from './files.ts';

type Value = number | bigint | boolean;

interface Expected {
  dtype: string;
  shape: number[];
  values?: (string | boolean)[];
  first_values?: (string | boolean)[];
  sha256_f32le?: string;
}

interface Golden {
  metadata?: Record<string, string>;
  weight_map?: Record<string, string>;
  tensors: Record<string, Expected>;
}

function readGolden(name: string): Golden {
  return JSON.parse(readFileSync(join(FORMATS, 'safetensors', name), 'utf8')) as Golden;
}

const WIDTH: Partial<Record<Dtype, number>> = { F64: 8, I64: 8, F32: 4, I32: 4, F16: 2, BF16: 2 };

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function brainToNumber(bits: number): number {
  return new Float32Array(new Uint32Array([bits << 16]).buffer)[0]!;
}

function decode(view: DataView, dtype: Dtype, at: number): Value {
  if (dtype === 'F64') return view.getFloat64(at, true);
  if (dtype === 'F32') return view.getFloat32(at, true);
  if (dtype === 'F16') return halfToNumber(view.getUint16(at, true));
  if (dtype === 'BF16') return brainToNumber(view.getUint16(at, true));
  if (dtype === 'I64') return view.getBigInt64(at, true);
  if (dtype === 'I32') return view.getInt32(at, true);
  if (dtype === 'BOOL') return view.getUint8(at) !== 0;
  return view.getUint8(at);
}

function valuesOf(checkpoint: Checkpoint, tensor: TensorEntry): Value[] {
  const file = readFileSync(checkpoint.files[tensor.file]!.path);
  const view = new DataView(file.buffer, file.byteOffset + tensor.byteOffset);
  const width = WIDTH[tensor.dtype] ?? 1;
  const count = tensor.shape.reduce((product, size) => product * size, 1);
  return Array.from({ length: count }, (_, index) => decode(view, tensor.dtype, index * width));
}

function parseExpected(value: string | boolean, dtype: Dtype): Value {
  if (typeof value === 'boolean') return value;
  return dtype === 'I64' ? BigInt(value) : Number(value);
}

const CASES = [
  { path: 'single.safetensors', golden: 'single.values.json' },
  { path: 'sharded', golden: 'sharded/values.json' },
];

describe.each(CASES)('$path', ({ path, golden }) => {
  const expected = readGolden(golden);

  it('holds the tensors of the reference, in dtype, shape and place', async () => {
    const { tensors, files } = await openCheckpoint(join(FORMATS, 'safetensors', path), path);
    expect([...tensors.keys()].sort()).toEqual(Object.keys(expected.tensors).sort());
    for (const [name, { dtype, shape }] of Object.entries(expected.tensors)) {
      const tensor = tensors.get(name)!;
      expect({ name, dtype: tensor.dtype.toLowerCase(), shape: tensor.shape }).toEqual({
        name,
        dtype,
        shape,
      });
      if (expected.weight_map) {
        expect(files[tensor.file]?.name).toBe(expected.weight_map[name]);
      }
    }
  });

  it('has every value where the entry says', async () => {
    const checkpoint = await openCheckpoint(join(FORMATS, 'safetensors', path), path);
    for (const [name, entry] of Object.entries(expected.tensors)) {
      const tensor = checkpoint.tensors.get(name)!;
      const values = valuesOf(checkpoint, tensor);
      const listed = (entry.values ?? entry.first_values ?? []).map((value) =>
        parseExpected(value, tensor.dtype),
      );
      if (entry.values) expect(values.length).toBe(listed.length);
      for (const [index, value] of listed.entries()) {
        expect(Object.is(values[index], value), `${name}[${index}]: ${values[index]}`).toBe(true);
      }
      if (entry.sha256_f32le) {
        const floats = new Float32Array(values as number[]);
        const digest = createHash('sha256').update(new Uint8Array(floats.buffer)).digest('hex');
        expect(digest, name).toBe(entry.sha256_f32le);
      }
    }
  });
});

it('reads metadata and the hash of length and header', async () => {
  const bytes = readFileSync(join(FORMATS, 'safetensors', 'single.safetensors'));
  const { metadata, headerSha256 } = await readSafetensorsFile(memorySource(bytes));
  expect(metadata).toEqual(readGolden('single.values.json').metadata);
  const headerEnd = 8 + Number(bytes.readBigUInt64LE(0));
  const digest = createHash('sha256').update(bytes.subarray(0, headerEnd)).digest('hex');
  expect(headerSha256).toBe(digest);
});

describe('every dtype of the format, on bytes made here', () => {
  // Bytes of 8 elements, by the definition of each type.
  const BYTES: Record<Dtype, number> = {
    F64: 64,
    F32: 32,
    F16: 16,
    BF16: 16,
    F8_E4M3: 8,
    F8_E5M2: 8,
    F8_E8M0: 8,
    F8_E4M3FNUZ: 8,
    F8_E5M2FNUZ: 8,
    F6_E2M3: 6,
    F6_E3M2: 6,
    F4: 4,
    I64: 64,
    I32: 32,
    I16: 16,
    I8: 8,
    U64: 64,
    U32: 32,
    U16: 16,
    U8: 8,
    BOOL: 8,
    C64: 64,
  };

  it.each(Object.entries(BYTES))('%s: 2 x 4 elements take %i bytes', (dtype, byteLength) => {
    const json = `{"x":{"dtype":"${dtype}","shape":[2,4],"data_offsets":[4,${byteLength + 4}]},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`;
    const { tensors } = parseSafetensorsHeader(Buffer.from(json), byteLength + 4, 'x');
    expect(tensors[1]).toEqual({
      name: 'x',
      dtype,
      shape: [2, 4],
      file: 0,
      byteOffset: 8 + json.length + 4,
    });
  });

  it.each(Object.entries(BYTES))('%s: is laid out by the writer', (name, size) => {
    const dtype = name as Dtype;
    const { offsets, bytes, byteLength } = serializeSafetensorsHeader(
      [
        { name: 'x', dtype, shape: [8] },
        { name: 'y', dtype, shape: [2, 2, 2] },
      ],
      {},
    );
    expect(offsets).toEqual([bytes.length, bytes.length + size]);
    expect(byteLength).toBe(bytes.length + 2 * size);
  });
});
