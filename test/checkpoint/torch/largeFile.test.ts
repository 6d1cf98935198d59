/** Files of over 4 GiB, as shards of large models are: zip64, without the bytes between. */

import { describe, expect, it } from 'vitest';
import { readTorchFile } from '../../../src/checkpoint/torch/readTorchFile.ts';
import type { ByteSource } from '../../../src/io/byteSource.ts';
import { assertRange } from '../../../src/io/memorySource.ts';
import { bytesOf, dictOf, int16, int32, int64, pickleOf, tensor } from './buildTorchFile.ts';

interface Segment {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** Zeros, except for the segments. */
function sparseSource(segments: readonly Segment[], byteLength: number): ByteSource {
  return {
    name: 'large.bin',
    byteLength,
    async slice(start, end) {
      assertRange('large.bin', byteLength, start, end);
      if (end - start > 2 ** 20) throw new Error('tensor data is read');
      const slice = new Uint8Array(end - start);
      for (const segment of segments) {
        const from = Math.max(start, segment.start);
        const to = Math.min(end, segment.start + segment.bytes.length);
        if (from < to) {
          slice.set(segment.bytes.subarray(from - segment.start, to - segment.start), from - start);
        }
      }
      return slice;
    },
  };
}

const UNKNOWN = int32(-1);

function zip64Record(name: string, size: number, offset: number): Uint8Array {
  const extra = bytesOf(int16(1), int16(24), int64(size), int64(size), int64(offset));
  const head = bytesOf('PK\x01\x02', new Uint8Array(16), UNKNOWN, UNKNOWN, int16(name.length));
  return bytesOf(head, int16(extra.length), new Uint8Array(10), UNKNOWN, name, extra);
}

function localHeader(name: string): Uint8Array {
  return bytesOf('PK\x03\x04', new Uint8Array(22), int16(name.length), int16(0), name);
}

describe('a zip of over 4 GiB', () => {
  it('is read by its zip64 records, and no tensor data with it', async () => {
    const count = 5 * 2 ** 28;
    const big = tensor({ key: '1', count, size: [count] });
    const pickle = pickleOf(dictOf({ big, small: tensor() }));
    const entries = { 'a/data.pkl': pickle.length, 'a/data/1': count * 4, 'a/data/0': 16 };

    const segments: Segment[] = [];
    const records: Uint8Array[] = [];
    let position = 0;
    for (const [name, size] of Object.entries(entries)) {
      const header = localHeader(name);
      segments.push({ start: position, bytes: header });
      records.push(zip64Record(name, size, position));
      position += header.length + size;
    }
    segments.push({ start: localHeader('a/data.pkl').length, bytes: pickle });
    const directory = bytesOf(...records);
    const counts = bytesOf(int64(3), int64(3), int64(directory.length), int64(position));
    const end64 = bytesOf('PK\x06\x06', int64(44), new Uint8Array(12), counts);
    const locator = bytesOf('PK\x06\x07', int32(0), int64(position + directory.length), int32(1));
    const end = bytesOf('PK\x05\x06', int32(0), UNKNOWN, UNKNOWN, UNKNOWN, int16(0));
    const tail = bytesOf(directory, end64, locator, end);
    segments.push({ start: position, bytes: tail });

    const { tensors } = await readTorchFile(sparseSource(segments, position + tail.length));
    expect(tensors).toMatchObject([
      { name: 'big', shape: [count], byteOffset: 38 + 2 + pickle.length + 38 },
      { name: 'small', byteOffset: position - 16 },
    ]);
  });
});
