import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  MAX_HEADER_BYTES,
  parseSafetensorsHeader,
} from '../../src/checkpoint/safetensors/parse.ts';
import { readSafetensorsFile } from '../../src/checkpoint/safetensors/read.ts';
import { memorySource } from '../../src/io/memorySource.ts';
import { FORMATS, messageOf } from './files.ts';

const parse = (json: string | Uint8Array, dataByteLength = 0) =>
  parseSafetensorsHeader(Buffer.from(json), dataByteLength, 'm.safetensors');

/** An entry that is right, but for what `overrides` say (raw JSON). */
function entry(overrides: Record<string, string> = {}): string {
  const fields = { dtype: '"F32"', shape: '[4]', data_offsets: '[0,16]', ...overrides };
  return `{${Object.entries(fields).map(([key, value]) => `"${key}":${value}`)}}`;
}

describe('hostile files', () => {
  it.each([
    ['st_huge_header', 'the header is said to be 1152921504606846976 bytes long'],
    ['st_overlap', 'tensor "b": starts at byte 8, within tensor "a", which ends at 16'],
    ['st_hole', 'tensor "b": starts at byte 20, but what is before it ends at 16'],
    ['st_past_end', 'tensor "a": ends at byte 16 of the data, which has only 8'],
    [
      'st_wrong_length',
      'tensor "a": shape [4] of F32 needs 16 bytes, data_offsets [0, 12] give 12',
    ],
    ['st_duplicate_key', 'the key "a" appears twice'],
    ['st_trailing', '4 bytes follow the last tensor'],
    ['st_overflow_shape', 'shape [8589934592, 8589934592] has more elements than can be counted'],
  ])('%s', async (file, part) => {
    const name = `${file}.safetensors`;
    const source = memorySource(readFileSync(join(FORMATS, 'hostile', name)), name);
    const message = await messageOf(() => readSafetensorsFile(source));
    expect(message).toContain(part);
    expect(message.startsWith(`${name}: `)).toBe(true);
  });
});

describe('the frame of a file', () => {
  const read = (bytes: Uint8Array) =>
    messageOf(() => readSafetensorsFile(memorySource(bytes, 'm')));
  const frame = (length: bigint, rest: string) => {
    const bytes = Buffer.alloc(8 + rest.length, 0);
    bytes.writeBigUInt64LE(length);
    bytes.write(rest, 8);
    return bytes;
  };

  it.each([
    ['no bytes', new Uint8Array(0), 'has 0 bytes, too few'],
    ['half a length', new Uint8Array(5), 'has 5 bytes, too few'],
    ['an empty header', frame(0n, ''), 'header: expected "{" at character 0, but the text ends'],
    ['a header cut short', frame(3n, '{}'), 'said to be 3 bytes long, but only 2 follow'],
    ['the largest length', frame(2n ** 64n - 1n, '{}'), 'the limit is 100000000'],
    ['one byte too many', frame(100_000_001n, '{}'), 'the limit is 100000000'],
    ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), 'Git LFS'],
  ])('%s', async (_, bytes, part) => {
    expect(await read(bytes)).toContain(part);
  });

  it('accepts a file of no tensors', async () => {
    const { tensors } = await readSafetensorsFile(memorySource(frame(2n, '{}')));
    expect(tensors).toEqual([]);
  });

  it('refuses a header above the limit before it looks at it', async () => {
    const header = new Uint8Array(MAX_HEADER_BYTES + 1);
    expect(await messageOf(() => parse(header))).toContain('the limit is 100000000');
  });
});

describe('the header', () => {
  it.each([
    ['is not JSON', 'hello', 'expected "{" at character 0, but found "h"'],
    ['is no object', '[]', 'expected "{"'],
    ['has a byte order mark', '\ufeff{}', 'expected "{"'],
    ['is not closed', '{"__metadata__":{}', 'expected "," or "}" at character 18, but the text'],
    ['has a comma too many', `{"a":${entry()},}`, 'expected a string'],
    ['has no comma', `{"a":${entry()} "b":${entry()}}`, 'expected "," or "}"'],
    ['goes on after its end', '{} {}', 'expected the end at character 3'],
    ['has zero bytes after its end', '{}\0', 'expected the end'],
    ['has a string without end', '{"a', 'expected the rest of a string'],
    ['has a string that ends in a backslash', '{"a\\', 'expected the rest of a string'],
    ['has a raw line break in a name', '{"a\n":1}', 'expected the rest of a string'],
    ['has a bad escape', '{"\\x":1}', 'has a bad escape'],
    ['has half a surrogate pair', '{"\\ud800":1}', 'half a surrogate pair'],
    ['has one name twice', `{"a":${entry()},"a":${entry()}}`, 'the key "a" appears twice'],
    ['has one name in two spellings', `{"a":${entry()},"\\u0061":${entry()}}`, 'appears twice'],
    ['has metadata twice', '{"__metadata__":{},"__metadata__":{}}', 'appears twice'],
    ['has metadata that is no object', '{"__metadata__":null}', 'expected "{"'],
    ['has metadata that is no text', '{"__metadata__":{"a":1}}', 'expected a string'],
    ['has a metadata key twice', '{"__metadata__":{"a":"","a":""}}', 'the key "a" appears twice'],
  ])('%s', async (_, json, part) => {
    const message = await messageOf(() => parse(json, 16));
    expect(message).toContain(part);
    expect(message.startsWith('m.safetensors: header: ')).toBe(true);
  });

  it('must be valid UTF-8', async () => {
    const bytes = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]);
    expect(await messageOf(() => parse(bytes))).toContain('not valid UTF-8');
  });
});

describe('an entry', () => {
  it.each([
    ['without dtype', '{"shape":[4],"data_offsets":[0,16]}', 'has no dtype'],
    ['without shape', '{"dtype":"F32","data_offsets":[0,16]}', 'has no shape'],
    ['without offsets', '{"dtype":"F32","shape":[4]}', 'data_offsets must be two numbers'],
    ['with one offset', entry({ data_offsets: '[0]' }), 'data_offsets must be two numbers'],
    ['with three offsets', entry({ data_offsets: '[0,16,16]' }), 'more than 2 numbers'],
    ['with offsets reversed', entry({ data_offsets: '[16,0]' }), 'end at 0, before 16'],
    ['with an unknown dtype', entry({ dtype: '"F31"' }), 'unknown dtype "F31"'],
    ['with the name of a method as dtype', entry({ dtype: '"toString"' }), 'unknown dtype'],
    ['with a dtype in small letters', entry({ dtype: '"f32"' }), 'unknown dtype "f32"'],
    ['with an unknown field', entry({ strides: '[1]' }), 'unknown field "strides"'],
    ['with a field twice', '{"dtype":"F32","dtype":"F32"}', 'the key "dtype" appears twice'],
    ['with a negative size', entry({ shape: '[-4]' }), 'expected a whole number'],
    ['with a fraction', entry({ shape: '[4.0]' }), 'expected a whole number'],
    ['with an exponent', entry({ shape: '[4e0]' }), 'expected a whole number'],
    ['with a leading zero', entry({ shape: '[04]' }), 'expected a whole number'],
    ['with text for a size', entry({ shape: '["4"]' }), 'expected a whole number'],
    ['with a size of 2^53', entry({ shape: '[9007199254740992]' }), 'larger than can be counted'],
    ['with a size of 500 digits', entry({ shape: `[${'9'.repeat(500)}]` }), 'larger than can'],
    ['with a huge offset', entry({ data_offsets: '[0,18446744073709551632]' }), 'larger than can'],
    ['with too many elements', entry({ shape: '[67108864,134217728]' }), 'more elements than'],
    ['with too many bits', entry({ shape: '[2251799813685248]' }), 'no countable number of whole'],
    ['with half a byte', entry({ dtype: '"F4"', shape: '[3]' }), 'no countable number of whole'],
    ['with 65 dimensions', entry({ shape: `[${Array(65).fill(1)}]` }), 'more than 64 numbers'],
    ['with too few bytes', entry({ data_offsets: '[0,12]' }), 'needs 16 bytes'],
    ['with too many bytes', entry({ shape: '[]' }), 'shape [] of F32 needs 4 bytes'],
    ['that is no object', '[]', 'expected "{"'],
  ])('%s', async (_, json, part) => {
    const message = await messageOf(() => parse(`{"w\\"x":${json}}`, 16));
    expect(message).toContain(part);
    expect(message.startsWith('m.safetensors: tensor "w\\"x": ')).toBe(true);
  });
});

describe('the data', () => {
  const two = (first: string, second: string) =>
    `{"a":${entry({ data_offsets: first })},"b":${entry({ data_offsets: second })}}`;

  it.each([
    ['is shorter than the tensors', two('[0,16]', '[16,32]'), 31, 'has only 31'],
    ['is longer than the tensors', two('[0,16]', '[16,32]'), 33, '1 bytes follow the last tensor'],
    ['has a hole at its start', two('[4,20]', '[20,36]'), 36, 'which leaves a hole'],
    ['has a hole', two('[20,36]', '[0,16]'), 36, 'tensor "a": starts at byte 20'],
    ['is shared by two tensors', two('[0,16]', '[0,16]'), 16, 'within tensor "a"'],
    ['overlaps by a byte', two('[0,16]', '[15,31]'), 31, 'starts at byte 15, within tensor "a"'],
    [
      'has an empty tensor in a tensor',
      `{"a":${entry()},"e":${entry({ shape: '[0]', data_offsets: '[4,4]' })}}`,
      16,
      'tensor "e": starts at byte 4, within tensor "a"',
    ],
    [
      'has an empty tensor past its end',
      `{"e":${entry({ shape: '[0]', data_offsets: '[4,4]' })}}`,
      0,
      'has only 0',
    ],
    ['is there without a tensor', '{}', 4, '4 bytes follow the last tensor, which ends at byte 0'],
  ])('%s', async (_, json, dataByteLength, part) => {
    expect(await messageOf(() => parse(json, dataByteLength))).toContain(part);
  });
});

describe('what is allowed', () => {
  it('keeps the order of the data, not of the names', () => {
    const json = `{"b":${entry({ data_offsets: '[16,32]' })},"a":${entry()}}`;
    expect(parse(json, 32).tensors.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('takes empty tensors between others, at the start and at the end', () => {
    const empty = (at: number) => entry({ shape: '[0,4]', data_offsets: `[${at},${at}]` });
    const json = `{"z":${empty(16)},"a":${entry()},"y":${empty(0)},"x":${empty(0)}}`;
    expect(parse(json, 16).tensors.map(({ name }) => name)).toEqual(['y', 'x', 'a', 'z']);
  });

  it('takes white space, padding, escapes and odd names as they are', () => {
    const names = ['', '__proto__', 'constructor', '0', 'naïve ✓', 'a/b', '\u0000', '😀'];
    const members = names.map((name) => {
      const fields = entry({ shape: '[0]', data_offsets: '[ 0 ,\t0 ]' });
      return `${JSON.stringify(name)} :\n${fields}`;
    });
    const json = `{ "__metadata__":{"__proto__":"x","\\u00e9":"\\n"}, ${members.join(' , ')} }   \n`;
    const { tensors, metadata } = parse(json);
    expect(tensors.map(({ name }) => name)).toEqual(names);
    expect(Object.entries(metadata)).toEqual([
      ['__proto__', 'x'],
      ['é', '\n'],
    ]);
  });
});
