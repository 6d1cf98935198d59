/** Files that are refused in a sentence: native code never sees them, or says what it misses. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FusionError } from '../../../src/errors.ts';
import { memorySource } from '../../../src/io/memorySource.ts';
import { readGgufHeader } from '../../../src/model/gguf/ggufHeader.ts';
import { openGgufModel } from '../../../src/model/gguf/openGgufModel.ts';
import { type GgufContents, serializeGguf } from './serializeGguf.ts';
import { hasLlamaCpp, tinyGguf, VOCABULARY_SIZE, writeTemporary } from './tinyGguf.ts';
import { spmVocabulary } from './vocabularies.ts';

const SHARED = join(import.meta.dirname, '../../../../shared/formats');
const VALID = tinyGguf();
const NAME = 'general.architecture';

const tensor = { name: 'x', shape: [2, 3], data: new Float32Array(6) };
const small = (changes: Partial<GgufContents>) =>
  serializeGguf({ metadata: { [NAME]: { string: 'llama' } }, tensors: [tensor], ...changes });

/** The vocabulary, changed. */
function tokens(change: (token: string) => string): string[] {
  const value = spmVocabulary(VOCABULARY_SIZE)['tokenizer.ggml.tokens']!;
  return 'strings' in value ? value.strings.map(change) : [];
}

/** Valid but for some bytes. */
function changed(at: number, ...bytes: number[]): Uint8Array {
  const copy = Uint8Array.from(VALID);
  copy.set(bytes, at);
  return copy;
}

const headerOf = (bytes: Uint8Array) => readGgufHeader(memorySource(bytes, 'file'));

async function opening(bytes: Uint8Array): Promise<string> {
  const { path, remove } = writeTemporary(bytes);
  try {
    const model = await openGgufModel(path, 'tiny', { threads: 1 });
    await model.close();
    return 'opened';
  } catch (error) {
    if (!(error instanceof FusionError) || error.code !== 'bad_input') throw error;
    return error.message.replace(path, 'file');
  } finally {
    remove();
  }
}

describe('a header', () => {
  it('tells the kind of model and its vocabulary', async () => {
    const { architecture, metadata, tokens } = await headerOf(VALID);
    expect(architecture).toBe('llama');
    expect(metadata.get('llama.context_length')).toBe(64);
    expect(tokens).toHaveLength(128);
  });

  it('is refused wherever it is cut', async () => {
    for (let length = 0; length < 3000; length += 7) {
      const reading = headerOf(VALID.subarray(0, length));
      await expect(reading).rejects.toMatchObject({ code: 'bad_input' });
    }
  });

  it('is read or refused, whatever its bytes', async () => {
    const place = fc.tuple(fc.nat(4000), fc.uint8Array({ minLength: 1, maxLength: 9 }));
    const read = async ([at, bytes]: [number, Uint8Array]) => {
      try {
        await headerOf(changed(at, ...bytes));
      } catch (error) {
        expect(error).toMatchObject({ code: 'bad_input' });
      }
    };
    await fc.assert(fc.asyncProperty(place, read), { numRuns: 500 });
  });

  it.each([
    ['is not a GGUF file', changed(3, 0x58)],
    ['tensor "output_norm.weight" ends at byte 94848', VALID.subarray(0, -100)],
    ['is GGUF version 99, and versions 2 and 3 can be run', changed(4, 99)],
    ['is GGUF version 1, and versions 2 and 3 can be run', changed(4, 1)],
    ['is big-endian, and only little-endian GGUF files can be run', changed(4, 0, 0, 0, 3)],
    ['the number of tensors is 1152921504606847000', changed(8, 0, 0, 0, 0, 0, 0, 0, 16)],
    ['the number of metadata entries is 1152921504606847000', changed(16, 0, 0, 0, 0, 0, 0, 0, 16)],
    ['the length of a metadata key is 4611686018427388000', changed(24, 0, 0, 0, 0, 0, 0, 0, 64)],
    ['has no general.architecture, which says what kind of model it is', small({ metadata: {} })],
    ['has tensor "x" twice', small({ tensors: [tensor, tensor] })],
    [
      'tensor "x" has 5 dimensions, and 4 is the most',
      small({ tensors: [{ ...tensor, shape: [1, 1, 1, 2, 3] }] }),
    ],
    [
      'tensor "x" ends at byte 28 of the tensors, of which the file has',
      small({ tensors: [{ ...tensor, shape: [7] }] }).subarray(0, -8),
    ],
    [
      'its alignment is 48, which is not a power of two',
      small({ metadata: { [NAME]: { string: 'llama' }, 'general.alignment': { uint32: 48 } } }),
    ],
    [
      'tensor "y" begins at 32, which is no multiple of 64',
      small({
        metadata: { [NAME]: { string: 'llama' }, 'general.alignment': { uint32: 64 } },
        tensors: [tensor, { ...tensor, name: 'y' }],
      }),
    ],
  ])('is refused: %s', async (message, bytes) => {
    await expect(headerOf(bytes)).rejects.toThrow(`file: ${message}`);
  });
});

describe.skipIf(!hasLlamaCpp)('opening', () => {
  it('names an architecture that there is not', async () => {
    expect(await opening(tinyGguf({ [NAME]: { string: 'llama9' } }))).toBe(
      'file: its architecture is "llama9", which llama.cpp does not run',
    );
    expect(await opening(tinyGguf({ [NAME]: { string: 't5' } }))).toContain(
      'an encoder and a decoder',
    );
  });

  it('says what llama.cpp misses', async () => {
    expect(await opening(tinyGguf({ 'llama.block_count': { uint32: 3 } }))).toMatch(
      /^file: llama\.cpp cannot load it \(missing tensor 'blk\.2\..*'\)$/,
    );
  });

  /** Each was seen to end the process when llama.cpp was given the file. */
  it.each([
    [
      'has no vocabulary, without which it reads no text',
      { 'tokenizer.ggml.model': { string: 'no_vocab' } },
    ],
    [
      'its vocabulary cannot write "\\n"',
      {
        'tokenizer.ggml.tokens': {
          strings: tokens((token) => (token === '<0x0A>' ? 'x1' : token)),
        },
      },
    ],
    [
      'its vocabulary cannot write "e"',
      { 'tokenizer.ggml.tokens': { strings: tokens((token) => (token === 'e' ? 'x1' : token)) } },
    ],
    [
      'has the token "a" twice',
      { 'tokenizer.ggml.tokens': { strings: tokens((token) => (token === 'b' ? 'a' : token)) } },
    ],
    ['has 0 layers, and 1 to 512 can be run', { 'llama.block_count': { uint32: 0 } }],
    ['has 513 layers, and 1 to 512 can be run', { 'llama.block_count': { uint32: 513 } }],
    ['its llama.feed_forward_length is 0', { 'llama.feed_forward_length': { uint32: 0 } }],
    ['its llama.attention.head_count is 0', { 'llama.attention.head_count': { uint32: 0 } }],
    ['its llama.attention.head_count_kv is 0', { 'llama.attention.head_count_kv': { uint32: 0 } }],
    [
      'has no llama.feed_forward_length, but "blk.0.ffn_up.weight"',
      { 'llama.feed_forward_length': null },
    ],
  ])('is refused: %s', async (message, changes) => {
    expect(await opening(tinyGguf(changes))).toBe(`file: ${message}`);
  });

  it('names a file that is not there', async () => {
    const opened = openGgufModel('/nowhere/x.gguf', 'x', { threads: 1 });
    await expect(opened).rejects.toThrow('/nowhere/x.gguf: cannot be read (ENOENT)');
  });
});

describe.skipIf(!existsSync(SHARED))('hostile files (skipped without ../shared)', () => {
  const names = existsSync(SHARED)
    ? readdirSync(join(SHARED, 'hostile')).filter((name) => name.startsWith('gguf_'))
    : [];
  const paths = [...names.map((name) => `hostile/${name}`), 'gguf/big_endian.gguf'];

  it.each(paths)('%s is refused', async (path) => {
    expect(await opening(readFileSync(join(SHARED, path)))).toMatch(/^file: /);
  });
});
