import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../src/checkpoint/checkpoint.ts';
import { FusionError } from '../../../src/errors.ts';
import { serializeJson } from '../../../src/merge/tokenizer/json.ts';
import { parseTokenizerJson } from '../../../src/merge/tokenizer/parseVocabulary.ts';
import { readVocabulary } from '../../../src/merge/tokenizer/readVocabulary.ts';
import { sameVocabulary, vocabularyDifference } from '../../../src/merge/tokenizer/vocabulary.ts';
import { bpe, folderOf, vocabularyOf } from './fixtures.ts';

const text = (value: Json) => JSON.stringify(value);
const read = async (files: Record<string, string | Uint8Array>) =>
  readVocabulary(await folderOf(files), 'm');

describe('readVocabulary', () => {
  it.each([
    ['BPE', { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [] }],
    ['WordPiece', { type: 'WordPiece', vocab: { a: 0, b: 1 } }],
    ['WordLevel', { type: 'WordLevel', vocab: { a: 0, b: 1 } }],
    [
      'Unigram',
      {
        type: 'Unigram',
        vocab: [
          ['a', 0],
          ['b', -1.5],
        ],
      },
    ],
    ['BPE', { vocab: { a: 0, b: 1 }, merges: [] }],
    [
      'Unigram',
      {
        vocab: [
          ['a', 0],
          ['b', -1.5],
        ],
      },
    ],
  ])('reads %s from tokenizer.json', async (kind, model) => {
    const added_tokens = [
      { id: 5, content: '<x>', special: true },
      { id: 0, content: 'a' },
    ];
    const vocabulary = await read({ 'tokenizer.json': text({ model, added_tokens }) });
    expect(vocabulary.kind).toBe(kind);
    expect([...vocabulary.tokens]).toEqual([
      ['a', 0],
      ['b', 1],
      ['<x>', 5],
    ]);
    expect(vocabulary.byId).toEqual(['a', 'b', undefined, undefined, undefined, '<x>']);
    expect(vocabulary.size).toBe(6);
    expect(vocabulary.addedTokens.get('<x>')).toMatchObject({ special: true, normalized: false });
    expect(vocabulary.addedTokens.get('a')).toMatchObject({ special: false, normalized: true });
  });

  it('reads vocab.json and vocab.txt with added tokens', async () => {
    const added = { 'added_tokens.json': text({ '<x>': 2 }) };
    const json = await read({ 'vocab.json': text({ a: 0, b: 1 }), 'merges.txt': '', ...added });
    const lines = await read({ 'vocab.txt': 'a\r\nb\n', ...added });
    expect(json.byId).toEqual(['a', 'b', '<x>']);
    expect(sameVocabulary(json, lines)).toBe(true);
    expect(json.files).toEqual(['added_tokens.json', 'merges.txt', 'vocab.json']);
  });

  it('lets the last place win in a list', async () => {
    const vocabulary = await read({ 'vocab.txt': 'a\nb\na\n' });
    expect(vocabulary.byId).toEqual([undefined, 'b', 'a']);
    expect(vocabulary.tokens.get('a')).toBe(2);
  });

  it('takes tokens that only tokenizer_config.json names', async () => {
    const decoder = {
      0: { content: 'a', special: true },
      2: { content: '<x>', special: true },
      1: { content: 'c' },
    };
    const vocabulary = await read({
      'tokenizer.json': text({ model: { type: 'BPE', vocab: { a: 0, b: 1 } } }),
      'tokenizer_config.json': text({ added_tokens_decoder: decoder }),
    });
    expect(vocabulary.byId).toEqual(['a', 'b', '<x>']);
    expect([...vocabulary.addedTokens.keys()]).toEqual(['a', '<x>']);
  });

  it('prefers chat_template.jinja, then the default of a list', async () => {
    const files = {
      'vocab.txt': 'a\n',
      'tokenizer_config.json': text({
        chat_template: [
          { name: 'tool', template: 'T' },
          { name: 'default', template: 'D' },
        ],
      }),
    };
    expect((await read(files)).chatTemplate).toBe('D');
    expect((await read({ ...files, 'chat_template.jinja': 'J' })).chatTemplate).toBe('J');
  });

  it.each([
    [{}, 'm: no tokenizer (looked for tokenizer.json, vocab.json and vocab.txt)'],
    [
      { 'tokenizer.model': 'x' },
      'm: its tokenizer is only tokenizer.model, which is not read; add a tokenizer.json',
    ],
    [{ 'tokenizer.json': '{"model": ' }, 'm: tokenizer.json: not valid JSON'],
    [{ 'tokenizer.json': new Uint8Array([0x7b, 0xff]) }, 'm: tokenizer.json is not valid UTF-8'],
    [
      { 'tokenizer.json': '[]' },
      'm: tokenizer.json: a JSON object is expected, but it holds a list',
    ],
    [{ 'tokenizer.json': '{}' }, '"model" should be an object, but is nothing'],
    [
      { 'tokenizer.json': text({ model: { type: 'Magic' } }) },
      'unknown tokenizer model "Magic"; known: BPE',
    ],
    [
      { 'tokenizer.json': text({ model: { type: 'BPE' } }) },
      'model.vocab should map tokens to ids, but is nothing',
    ],
    [{ 'tokenizer.json': text({ model: { type: 'BPE', vocab: {} } }) }, 'the vocabulary is empty'],
    [{ 'tokenizer.json': text(bpe({ a: 0, b: 0 })) }, 'id 0 belongs to two tokens, "a" and "b"'],
    [
      { 'tokenizer.json': text(bpe({ a: -1 })) },
      'the id of token "a" is -1, not an integer from 0 to 16777215',
    ],
    [{ 'tokenizer.json': text(bpe({ a: 1e9 })) }, 'the id of token "a" is 1000000000'],
    [
      { 'tokenizer.json': text({ model: { type: 'BPE', vocab: { a: '0' } } }) },
      'the id of token "a" is "0"',
    ],
    [
      { 'tokenizer.json': text(bpe({ a: 0 }, [], [{ id: 1, content: 'a' }])) },
      'token "a" has two ids, 0 and 1',
    ],
    [
      { 'tokenizer.json': text(bpe({ a: 0 }, [], [{ id: 0, content: 'b' }])) },
      'id 0 belongs to two tokens, "a" and "b"',
    ],
    [
      { 'tokenizer.json': text(bpe({ a: 0 }, [], [{ id: 1, content: 7 }])) },
      'the content of the added token with id 1 is 7',
    ],
    [
      { 'tokenizer.json': text({ model: { type: 'Unigram', vocab: [['a']] } }) },
      'entry 0 of model.vocab should be [token, score]',
    ],
    [
      { 'tokenizer.json': text({ model: { type: 'Unigram', vocab: {} } }) },
      'should be a list, but is an object',
    ],
    [
      { 'tokenizer.json': text({ ...bpe({ a: 0 }), added_tokens: 3 }) },
      'added_tokens should be a list, but is 3',
    ],
    [
      { 'tokenizer.json': text({ ...bpe({ a: 0 }), added_tokens: [3] }) },
      'entry 0 of added_tokens should be an object',
    ],
  ] as [Record<string, string | Uint8Array>, string][])('refuses %j', async (files, message) => {
    const error = await read(files).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(FusionError);
    expect(error).toMatchObject({ code: 'bad_input', message: expect.stringContaining(message) });
  });

  it('refuses a folder that is not there', async () => {
    await expect(readVocabulary('/nowhere/at/all', 'm')).rejects.toThrow('cannot be read (ENOENT)');
  });

  it('meets any JSON with a vocabulary or one clear error', () => {
    const id = fc.oneof(fc.nat(5), fc.jsonValue());
    const token = fc.oneof(fc.constantFrom('a', 'b', '__proto__'), fc.string());
    const pairs = fc.array(fc.oneof(fc.tuple(token, id), fc.jsonValue()));
    const model = fc.record(
      {
        type: fc.oneof(fc.constantFrom('BPE', 'Unigram', 'WordPiece'), fc.jsonValue()),
        vocab: fc.oneof(fc.dictionary(token, id), pairs, fc.jsonValue()),
        merges: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const added = fc.array(
      fc.oneof(fc.record({ id, content: fc.oneof(token, fc.jsonValue()) }), fc.jsonValue()),
    );
    const file = fc.record(
      { model: fc.oneof(model, fc.jsonValue()), added_tokens: fc.oneof(added, fc.jsonValue()) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(file, (value) => {
        const json = JSON.parse(JSON.stringify(value)) as JsonObject;
        try {
          const vocabulary = parseTokenizerJson(json, 'm');
          for (const [token, id] of vocabulary.tokens) expect(vocabulary.byId[id]).toBe(token);
          expect(vocabulary.size).toBe(vocabulary.byId.length);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad_input' });
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('vocabularies', () => {
  const a = vocabularyOf('a', bpe({ x: 0, y: 1 }));
  it('are the same when ids name the same tokens', () => {
    expect(sameVocabulary(a, vocabularyOf('b', bpe({ y: 1, x: 0 })))).toBe(true);
    expect(sameVocabulary(a, vocabularyOf('b', bpe({ y: 0, x: 1 })))).toBe(false);
    expect(sameVocabulary(a, vocabularyOf('b', bpe({ x: 0 })))).toBe(false);
  });

  it('that differ are described by their first difference', () => {
    expect(vocabularyDifference([a, a])).toBeUndefined();
    expect(vocabularyDifference([a, vocabularyOf('b', bpe({ x: 0, y: 1, z: 2 }))])).toBe(
      'the vocabularies differ: a has 2 tokens, b 3; id 2 is no token in the first and "z" in the second; ' +
        'set tokenizer_source to union, base or a model',
    );
  });
});

describe('serializeJson', () => {
  it('keeps integers beyond 2^53 integers, and changes no text', () => {
    const json =
      '{"model_max_length": 1000000000000000019884624838656, "b": [1e25, "1e+30", -2e21], "c": "x\\n1e+30"}';
    const written = serializeJson(JSON.parse(json));
    expect(JSON.parse(written)).toEqual(JSON.parse(json));
    expect(written).toContain('"model_max_length": 1000000000000000019884624838656,');
    expect(written.replaceAll('"1e+30"', '').replace('\\n1e+30', '')).not.toContain('e+');
  });

  it('round-trips any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(serializeJson(value as Json))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
