import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { TensorEntry } from '../../../src/checkpoint/checkpoint.ts';
import {
  fixture,
  fixtureJson,
  readFixture,
  type Scalar,
  scalarsOf,
  tensorBytes,
} from './fixtures.ts';

interface ExpectedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values?: readonly (string | boolean)[];
  readonly first_values?: readonly (string | boolean)[];
  readonly sha256_f32le?: string;
}

interface Expected {
  readonly file: string;
  readonly tensors: Readonly<Record<string, ExpectedTensor>>;
  readonly strides?: Readonly<Record<string, { stride: number[]; storage_offset: number }>>;
  readonly shared_storages?: readonly string[][];
}

const FILES = ['pytorch_model', 'nested', 'views', 'legacy', 'legacy_views', 'training'];

function parseExpected(text: string | boolean, like: Scalar): Scalar {
  if (typeof text === 'boolean') return text;
  return typeof like === 'bigint' ? BigInt(text) : Number(text);
}

function float32Bytes(scalars: readonly Scalar[]): Uint8Array {
  return new Uint8Array(Float32Array.from(scalars, Number).buffer);
}

function expectTensor(file: Uint8Array, entry: TensorEntry, expected: ExpectedTensor): void {
  expect(entry.dtype.toLowerCase()).toBe(expected.dtype);
  expect(entry.shape).toEqual(expected.shape);
  const scalars = scalarsOf(tensorBytes(file, entry), entry.dtype);
  const texts = expected.values ?? expected.first_values ?? [];
  expect(texts.length).toBe(expected.values ? scalars.length : 64);
  texts.forEach((text, i) => {
    const actual = scalars[i]!;
    expect(Object.is(actual, parseExpected(text, actual)), `${entry.name}[${i}]`).toBe(true);
  });
  if (expected.sha256_f32le === undefined) return;
  const hash = createHash('sha256').update(float32Bytes(scalars)).digest('hex');
  expect(hash).toBe(expected.sha256_f32le);
}

describe('readTorchFile', () => {
  it.each(FILES)('reads the exact values of %s', async (name) => {
    const expected = fixtureJson<Expected>(`pytorch/${name}.values.json`);
    const contents = await readFixture(`pytorch/${expected.file}`);
    const names = contents.tensors.map((tensor) => tensor.name);
    expect(names).toEqual(Object.keys(expected.tensors));
    const file = fixture(`pytorch/${expected.file}`);
    for (const entry of contents.tensors) {
      expectTensor(file, entry, expected.tensors[entry.name]!);
    }
  });

  it('reads the exact values of every shard', async () => {
    const expected = fixtureJson<Expected & { weight_map: Record<string, string> }>(
      'pytorch/sharded/values.json',
    );
    for (const shard of new Set(Object.values(expected.weight_map))) {
      const { tensors } = await readFixture(`pytorch/sharded/${shard}`);
      const names = tensors.map((tensor) => tensor.name).sort();
      const mapped = Object.keys(expected.weight_map).filter(
        (n) => expected.weight_map[n] === shard,
      );
      expect(names).toEqual(mapped.sort());
      const file = fixture(`pytorch/sharded/${shard}`);
      for (const entry of tensors) expectTensor(file, entry, expected.tensors[entry.name]!);
    }
  });

  it.each(['views', 'legacy_views'])('gives strides only to gapped views of %s', async (name) => {
    const expected = fixtureJson<Expected>(`pytorch/${name}.values.json`);
    const { tensors } = await readFixture(`pytorch/${expected.file}`);
    const strided = tensors.filter((tensor) => tensor.strides);
    expect(strided.map((tensor) => tensor.name)).toEqual([
      'transposed',
      'strided',
      'column',
      'expanded',
      'permuted',
      'parameter',
      'int_view',
    ]);
    for (const { name, strides } of strided) {
      expect(strides).toEqual(expected.strides?.[name]?.stride);
    }
  });

  it.each(['views', 'legacy_views'])('places views of one storage of %s together', async (name) => {
    const expected = fixtureJson<Expected>(`pytorch/${name}.values.json`);
    const { tensors } = await readFixture(`pytorch/${expected.file}`);
    const storageStart = (tensorName: string) => {
      const { dtype, byteOffset } = tensors.find((tensor) => tensor.name === tensorName)!;
      const width = { F32: 4, BF16: 2, I64: 8 }[dtype as 'F32' | 'BF16' | 'I64'];
      return byteOffset - expected.strides![tensorName]!.storage_offset * width;
    };
    for (const sharing of expected.shared_storages ?? []) {
      expect(new Set(sharing.map(storageStart)).size).toBe(1);
    }
    const whole = new Set(['whole', 'tied_a', 'expanded', 'permuted', 'parameter', 'int_view']);
    expect(new Set([...whole].map(storageStart)).size).toBe(whole.size);
  });

  it('hashes the pickle of a zip, and the pickles of a legacy file', async () => {
    const zip = await readFixture('hostile/control_ok.bin');
    // The first entry: 30 bytes of header, a name of 16, then 136 bytes of data.pkl.
    const pickle = fixture('hostile/control_ok.bin').subarray(46, 46 + 136);
    expect(zip.headerSha256).toBe(createHash('sha256').update(pickle).digest('hex'));

    const legacy = await readFixture('pytorch/legacy.bin');
    const pickles = fixture('pytorch/legacy.bin').subarray(0, 1867);
    expect(legacy.headerSha256).toBe(createHash('sha256').update(pickles).digest('hex'));
  });
});
