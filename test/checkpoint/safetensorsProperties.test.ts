import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSafetensorsHeader } from '../../src/checkpoint/safetensors/parse.ts';
import { readSafetensorsFile } from '../../src/checkpoint/safetensors/read.ts';
import {
  serializeSafetensorsHeader,
  type TensorLayout,
} from '../../src/checkpoint/safetensors/serialize.ts';
import { FusionError } from '../../src/errors.ts';
import { memorySource } from '../../src/io/memorySource.ts';
import { byteLengthOf } from '../../src/tensor/dtype.ts';
import { elementCountOf } from '../../src/tensor/shape.ts';
import { FORMATS } from './files.ts';

const name = fc.string({ unit: 'grapheme', maxLength: 12 });
const layout: fc.Arbitrary<TensorLayout> = fc.record({
  name: fc.oneof(name, fc.constantFrom('__proto__', '0', '1', 'a.b')),
  dtype: fc.constantFrom('F64', 'F32', 'F16', 'BF16', 'F8_E4M3', 'I64', 'U8', 'BOOL', 'C64'),
  shape: fc.array(fc.nat(5), { maxLength: 4 }),
});
const layouts = fc.uniqueArray(layout, { selector: (tensor) => tensor.name, maxLength: 12 });
const metadata = fc.dictionary(name, name, { maxKeys: 4 });

describe('a header that was written', () => {
  it('reads back: names, dtypes, shapes, offsets, metadata, length', async () => {
    await fc.assert(
      fc.asyncProperty(layouts, metadata, async (tensors, texts) => {
        const { bytes, offsets, byteLength } = serializeSafetensorsHeader(tensors, texts);
        expect(bytes.length % 8).toBe(0);
        const file = new Uint8Array(byteLength);
        file.set(bytes);
        const contents = await readSafetensorsFile(memorySource(file));
        const byName = new Map(contents.tensors.map((tensor) => [tensor.name, tensor]));
        expect(byName.size).toBe(tensors.length);
        for (const [index, tensor] of tensors.entries()) {
          expect(byName.get(tensor.name)).toEqual({
            ...tensor,
            file: 0,
            byteOffset: offsets[index],
          });
        }
        expect(Object.entries(contents.metadata)).toEqual(Object.entries(texts));
      }),
    );
  });

  it('has no names twice and does not use the reserved one', () => {
    const tensor: TensorLayout = { name: 'a', dtype: 'F32', shape: [1] };
    expect(() => serializeSafetensorsHeader([tensor, tensor], {})).toThrow(/"a" is to be written/);
    const reserved = { ...tensor, name: '__metadata__' };
    expect(() => serializeSafetensorsHeader([reserved], {})).toThrow(/reserved/);
    const half: TensorLayout = { name: 'a', dtype: 'F4', shape: [3] };
    expect(() => serializeSafetensorsHeader([half], {})).toThrow(/does not fill whole bytes/);
  });
});

/** Either a FusionError of bad input, or tensors that tile the data exactly. */
function assertTotal(header: Uint8Array, dataByteLength: number): void {
  let tensors: ReturnType<typeof parseSafetensorsHeader>['tensors'];
  try {
    tensors = parseSafetensorsHeader(header, dataByteLength, 'fuzz').tensors;
  } catch (error) {
    if (error instanceof FusionError && error.code === 'bad_input') return;
    throw error;
  }
  let position = 8 + header.length;
  for (const tensor of tensors) {
    if (tensor.byteOffset !== position) expect(tensor).toBe(position);
    position += byteLengthOf(tensor.dtype, elementCountOf(tensor.shape, 'fuzz'))!;
  }
  expect(position).toBe(8 + header.length + dataByteLength);
}

describe('the parser is total', () => {
  const file = readFileSync(join(FORMATS, 'safetensors', 'single.safetensors'));
  const headerLength = Number(file.readBigUInt64LE(0));
  const valid = file.subarray(8, 8 + headerLength);
  const dataByteLength = file.length - 8 - headerLength;
  const runs = { numRuns: 2000 };

  it('on valid headers with bytes changed', () => {
    const change = fc.tuple(fc.nat(valid.length - 1), fc.oneof(fc.nat(255), asciiOf('{}[]",:0 9')));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = Uint8Array.from(valid);
        for (const [at, byte] of changes) bytes[at] = byte;
        assertTotal(bytes, dataByteLength);
      }),
      runs,
    );
  });

  it('on valid headers with a part cut out, doubled or moved', () => {
    const place = fc.nat(valid.length);
    fc.assert(
      fc.property(place, place, place, (from, to, at) => {
        const part = valid.subarray(Math.min(from, to), Math.max(from, to));
        assertTotal(
          Buffer.concat([valid.subarray(0, at), part, valid.subarray(at)]),
          dataByteLength,
        );
        assertTotal(Buffer.concat([valid.subarray(0, from), valid.subarray(to)]), dataByteLength);
      }),
      runs,
    );
  });

  it('on random JSON, and on random entries', () => {
    const near = fc.dictionary(
      name,
      fc.record(
        {
          dtype: fc.oneof(fc.constantFrom('F32', 'U8', 'F4', 'X'), fc.jsonValue()),
          shape: fc.oneof(fc.array(fc.nat(4), { maxLength: 3 }), fc.jsonValue()),
          data_offsets: fc.oneof(fc.array(fc.nat(64), { maxLength: 3 }), fc.jsonValue()),
        },
        { requiredKeys: [] },
      ),
      { maxKeys: 4 },
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), near), fc.nat(64), (value, length) => {
        assertTotal(Buffer.from(JSON.stringify(value)), length);
      }),
      runs,
    );
  });

  it('on random bytes and on brackets without end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => assertTotal(bytes, 0)),
      runs,
    );
    for (const part of ['[', '{', '{"a":', '"', '\\', '{"a":{"shape":[', ' ']) {
      assertTotal(Buffer.from(part.repeat(200_000)), 0);
    }
  });

  it('on 100,000 tensors', () => {
    const tensors = Array.from({ length: 100_000 }, (_, index): TensorLayout => {
      return { name: `model.layers.${index}.weight`, dtype: 'BF16', shape: [2, 2] };
    });
    const { bytes } = serializeSafetensorsHeader(tensors, {});
    assertTotal(bytes.subarray(8), 800_000);
  });
});

function asciiOf(characters: string): fc.Arbitrary<number> {
  return fc.constantFrom(...Buffer.from(characters));
}
