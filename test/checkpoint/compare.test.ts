/** Comparison figures against float64 sums computed here, element by element. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CheckpointDifference,
  compareCheckpoints,
  isIdentical,
} from '../../src/checkpoint/compareCheckpoints.ts';
import { openCheckpoint } from '../../src/checkpoint/open.ts';
import { CHUNK_ELEMENTS } from '../../src/checkpoint/pairKernels.ts';
import { serializeSafetensorsHeader } from '../../src/checkpoint/safetensors/serialize.ts';
import type { Dtype } from '../../src/tensor/dtype.ts';
import { readTensors } from '../merge/readTensors.ts';
import { addFiles, FORMATS, makeFolder, messageOf } from './files.ts';
import { fixture, tensorBytes } from './torch/fixtures.ts';

const MODELS = join(import.meta.dirname, '../golden/models');

interface Stored {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

function safetensors(...tensors: Stored[]): Uint8Array {
  const header = serializeSafetensorsHeader(tensors, {});
  const file = new Uint8Array(header.byteLength);
  file.set(header.bytes);
  let at = header.bytes.byteLength;
  for (const { bytes } of tensors) {
    file.set(bytes, at);
    at += bytes.byteLength;
  }
  return file;
}

const bytesOf = (values: Float32Array | Float64Array | Uint16Array | Uint8Array | BigInt64Array) =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
const f32 = (...values: number[]): Stored => stored('w', 'F32', Float32Array.from(values));
const f64 = (...values: number[]): Stored => stored('w', 'F64', Float64Array.from(values));

function stored(
  name: string,
  dtype: Dtype,
  values: Float32Array | Float64Array | Uint16Array | Uint8Array | BigInt64Array,
): Stored {
  return { name, dtype, shape: [values.length], bytes: bytesOf(values) };
}

async function compare(a: readonly Stored[], b: readonly Stored[]): Promise<CheckpointDifference> {
  const folder = makeFolder({
    'a/model.safetensors': safetensors(...a),
    'b/model.safetensors': safetensors(...b),
  });
  return compareFolders(join(folder, 'a'), join(folder, 'b'));
}

async function compareFolders(a: string, b: string): Promise<CheckpointDifference> {
  return compareCheckpoints(await openCheckpoint(a, 'a'), await openCheckpoint(b, 'b'));
}

interface Reference {
  readonly cosine: number;
  readonly normA: number;
  readonly normB: number;
  readonly deltaNorm: number;
  readonly unchanged: number;
}

function referenceOf(a: ArrayLike<number>, b: ArrayLike<number>): Reference {
  let [aa, ab, bb, dd, unchanged] = [0, 0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    aa += x * x;
    ab += x * y;
    bb += y * y;
    dd += (y - x) ** 2;
    unchanged += x === y ? 1 : 0;
  }
  const [normA, normB] = [Math.sqrt(aa), Math.sqrt(bb)];
  return { cosine: ab / (normA * normB), normA, normB, deltaNorm: Math.sqrt(dd), unchanged };
}

/** Deltas are rounded to float32 once, so figures agree to about 2^-24. */
function expectClose(actual: number | null, wanted: number, subject: string): void {
  expect(Math.abs(actual! - wanted), subject).toBeLessThanOrEqual(1e-7 * Math.abs(wanted) + 1e-12);
}

function expectFigures(found: CheckpointDifference['total'], wanted: Reference, name: string) {
  expectClose(found.cosine, wanted.cosine, `cosine of ${name}`);
  expectClose(found.normA, wanted.normA, `norm of a of ${name}`);
  expectClose(found.normB, wanted.normB, `norm of b of ${name}`);
  expectClose(found.deltaNorm, wanted.deltaNorm, `delta of ${name}`);
  expectClose(found.relativeDelta, wanted.deltaNorm / wanted.normA, `relative delta of ${name}`);
  expect(found.unchanged, name).toBe(wanted.unchanged);
}

describe('compareCheckpoints on models', () => {
  it.each([
    ['base_fp32', 'a_fp32'],
    ['base_fp32', 'b_fp32'],
    ['a_bf16', 'b_bf16'],
    ['a_fp32', 'a_bf16'],
  ])('%s and %s: every tensor and the total as the reference', async (a, b) => {
    const found = await compareFolders(join(MODELS, a), join(MODELS, b));
    const valuesA = await readTensors(join(MODELS, a));
    const valuesB = await readTensors(join(MODELS, b));
    expect(found.tensors.map(({ name }) => name).sort()).toEqual([...valuesA.keys()].sort());
    const all: [number[], number[]] = [[], []];
    for (const difference of found.tensors) {
      const x = valuesA.get(difference.name)!.values;
      const y = valuesB.get(difference.name)!.values;
      expect(difference.elements).toBe(x.length);
      expectFigures(difference, referenceOf(x, y), difference.name);
      for (const value of x) all[0].push(value);
      for (const value of y) all[1].push(value);
    }
    expectFigures(found.total, referenceOf(...all), 'all');
    expect(isIdentical(found)).toBe(false);
  });

  it('a model is identical to itself, to the last digit', async () => {
    const found = await compareFolders(join(MODELS, 'a_fp32'), join(MODELS, 'a_fp32'));
    expect(isIdentical(found)).toBe(true);
    for (const each of [...found.tensors, found.total]) {
      expect(each).toMatchObject({ cosine: 1, deltaNorm: 0, relativeDelta: 0, unchangedShare: 1 });
    }
  });

  it('lists what stands in one of them alone', async () => {
    const found = await compareFolders(join(MODELS, 'base_fp32'), join(MODELS, 'deep_base_fp32'));
    expect(found.onlyInA).toEqual([]);
    expect(found.onlyInB).toHaveLength(18);
    expect(found.onlyInB[0]).toMatchObject({ dtype: 'F32', shape: [32] });
    expect(found.tensors).toHaveLength(21);
  });
});

describe('compareCheckpoints on made tensors', () => {
  it.each([1, 3, 2047, 2048, 2049, CHUNK_ELEMENTS + 5])('%d elements', async (count) => {
    const value = (seed: number) => (_: unknown, i: number) => Math.sin(i * seed);
    const x = Float32Array.from({ length: count }, value(0.7));
    const y = x.map((element, i) => (i % 3 === 0 ? element : element + Math.sin(i) * 1e-3));
    const { tensors } = await compare([stored('w', 'F32', x)], [stored('w', 'F32', y)]);
    if (count > 1) expectFigures(tensors[0]!, referenceOf(x, y), 'w');
  });

  it('agrees with the reference on any numbers, in float32 and float64', async () => {
    const numbers = fc.array(fc.tuple(number(), number()), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(numbers, fc.boolean(), fc.boolean(), async (pairs, wideA, wideB) => {
        const x = pairs.map(([first]) => first);
        const y = pairs.map(([, second]) => second);
        const a = wideA ? f64(...x) : f32(...x);
        const b = wideB ? f64(...y) : f32(...y);
        const [found] = (await compare([a], [b])).tensors;
        const wanted = referenceOf(x, y);
        expectClose(found!.deltaNorm, wanted.deltaNorm, 'delta');
        expectClose(found!.normA, wanted.normA, 'norm of a');
        expect(found!.unchanged).toBe(wanted.unchanged);
        if (wanted.normA * wanted.normB === 0) expect(found!.cosine).toBeNull();
        else expect(Math.abs(found!.cosine! - wanted.cosine)).toBeLessThan(1e-9);
      }),
      { numRuns: 40 },
    );
  });

  it('tells float64 values apart that float32 cannot', async () => {
    const { tensors } = await compare([f64(1, 2)], [f64(1 + 2 ** -50, 2)]);
    expect(tensors[0]).toMatchObject({ unchanged: 1, deltaNorm: 2 ** -50 });
  });

  it('counts infinities and NaN, and keeps them out of all sums', async () => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
    const values = [nan, inf, -inf, nan, 1, 3, 2, inf] as const;
    const others = [nan, inf, inf, 1, 1, nan, 4, 3e38] as const;
    for (const make of [f32, f64]) {
      const [found] = (await compare([make(...values)], [make(...others)])).tensors;
      expect(found).toMatchObject({ elements: 8, nonFinite: 6, unchanged: 3 });
      expect(found!.deltaNorm).toBe(2);
      expect(found!.normA).toBe(Math.sqrt(5));
    }
  });

  it('survives the extremes of float32', async () => {
    const { tensors } = await compare([f32(3e38, 1e-45, 0)], [f32(-3e38, 3e-45, -0)]);
    expect(tensors[0]).toMatchObject({ unchanged: 1, nonFinite: 0, cosine: -1 });
    expect(tensors[0]!.normA! / 3e38).toBeCloseTo(1, 6);
    expect(tensors[0]!.deltaNorm! / 6e38).toBeCloseTo(1, 6);
  });

  it('gives no cosine and no relative delta to zeros and to nothing', async () => {
    const none = { cosine: null, relativeDelta: null };
    const zero = await compare([f32(0, 0)], [f32(1, 0)]);
    expect(zero.tensors[0]).toMatchObject({ ...none, deltaNorm: 1, unchangedShare: 0.5 });
    const empty = await compare([f32()], [f32()]);
    expect(empty.tensors[0]).toMatchObject({ ...none, elements: 0, unchangedShare: null });
    expect(isIdentical(empty)).toBe(true);
  });

  it('compares opaque types by their bytes', async () => {
    const integers = (...values: bigint[]) => stored('i', 'I64', BigInt64Array.from(values));
    const floats = (...values: number[]) => stored('f', 'F8_E4M3', Uint8Array.from(values));
    const found = await compare(
      [integers(1n, 2n, 3n, 2n ** 40n), floats(1, 2, 3)],
      [integers(1n, 2n, 4n, 0n), floats(1, 2, 3)],
    );
    const noFigures = { cosine: null, normA: null, deltaNorm: null, relativeDelta: null };
    expect(found.tensors).toMatchObject([
      { ...noFigures, elements: 4, unchanged: 2 },
      { ...noFigures, elements: 3, unchanged: 3 },
    ]);
    expect(found.total).toMatchObject({ ...noFigures, elements: 7, unchanged: 5 });
  });

  it('takes FP4 and FP6 elements that share bytes together', async () => {
    const packed = (dtype: Dtype, count: number, ...values: number[]): Stored => ({
      ...{ name: dtype, dtype, shape: [count] },
      bytes: Uint8Array.from(values),
    });
    const found = await compare(
      [packed('F4', 4, 0x12, 0x34), packed('F6_E2M3', 8, 1, 2, 3, 4, 5, 6)],
      [packed('F4', 4, 0x12, 0x35), packed('F6_E2M3', 8, 1, 2, 3, 4, 5, 7)],
    );
    expect(found.tensors.map(({ unchangedShare }) => unchangedShare)).toEqual([0.5, 0.5]);
  });

  it('reports what does not match instead of comparing it', async () => {
    const matrix = { ...f32(1, 2), shape: [2, 1] };
    const found = await compare(
      [
        f32(1, 2),
        stored('i', 'I64', new BigInt64Array(1)),
        stored('a', 'F32', new Float32Array(1)),
      ],
      [matrix, stored('i', 'F32', new Float32Array(1)), stored('b', 'F32', new Float32Array(1))],
    );
    expect(found).toMatchObject({
      tensors: [],
      mismatches: [
        { name: 'w', a: { dtype: 'F32', shape: [2] }, b: { dtype: 'F32', shape: [2, 1] } },
        { name: 'i', a: { dtype: 'I64' }, b: { dtype: 'F32' } },
      ],
      onlyInA: [{ name: 'a' }],
      onlyInB: [{ name: 'b' }],
      total: { elements: 0, cosine: null },
    });
    expect(isIdentical(found)).toBe(false);
  });
});

/** Numbers of float32 that lose nothing in a float32 subtraction's float64 reference. */
function number() {
  return fc.oneof(
    fc.constantFrom(0, 1, -1, 0.5),
    fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 }),
  );
}

describe('compareCheckpoints on files', () => {
  it('reads strided views of PyTorch files in row-major order', async () => {
    const path = join(FORMATS, 'pytorch/views.pth');
    const checkpoint = await openCheckpoint(path, 'views');
    const entries = [...checkpoint.tensors.values()];
    expect(entries.some(({ strides }) => strides)).toBe(true);
    const file = fixture('pytorch/views.pth');
    const plain = entries.map((entry) => ({ ...entry, bytes: tensorBytes(file, entry) }));
    const folder = makeFolder({ 'model.safetensors': safetensors(...plain) });
    const found = await compareCheckpoints(checkpoint, await openCheckpoint(folder, 'plain'));
    expect(found.tensors).toHaveLength(entries.length);
    expect(isIdentical(found)).toBe(true);
  });

  it('says so when a file has changed since it was opened', async () => {
    const folder = makeFolder({ 'model.safetensors': safetensors(f32(1, 2)) });
    const checkpoint = await openCheckpoint(folder, 'm');
    addFiles(folder, { 'model.safetensors': safetensors(f32(1, 2, 3)) });
    const message = await messageOf(() => compareCheckpoints(checkpoint, checkpoint));
    expect(message).toContain('has changed since its header was read');
  });

  it('reports progress from the first chunk on, and stops when told to', async () => {
    const count = 2 * CHUNK_ELEMENTS;
    const wide = stored('w', 'F64', new Float64Array(count));
    const folder = makeFolder();
    writeFileSync(join(folder, 'model.safetensors'), safetensors(wide));
    const checkpoint = await openCheckpoint(folder, 'm');
    const controller = new AbortController();
    const seen: number[] = [];
    const comparing = compareCheckpoints(checkpoint, checkpoint, {
      signal: controller.signal,
      onProgress(doneBytes, totalBytes) {
        expect(totalBytes).toBe(2 * 8 * count);
        seen.push(doneBytes);
        controller.abort();
      },
    });
    await expect(comparing).rejects.toMatchObject({ code: 'aborted' });
    expect(seen).toEqual([2 * 8 * CHUNK_ELEMENTS]);
  });
});
