import { Tokenizer } from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/checkpoint/checkpoint.ts';
import type { TokenizerModel } from '../../../src/merge/tokenizer/outputVocabulary.ts';
import { parseTokenizerJson } from '../../../src/merge/tokenizer/parseVocabulary.ts';
import { planTokenizer, type TokenizerPlan } from '../../../src/merge/tokenizer/planTokenizer.ts';
import { sameVocabulary, type Vocabulary } from '../../../src/merge/tokenizer/vocabulary.ts';
import { bpe, settingOf, vocabularyOf } from './fixtures.ts';

function model(
  reference: string,
  json: JsonObject,
  more: Partial<Vocabulary> = {},
): TokenizerModel {
  const vocabulary = vocabularyOf(reference, json, more);
  return { reference, vocabulary, rows: vocabulary.size, merged: true };
}

function union(models: TokenizerModel[], tokens = {}) {
  return planTokenizer({ setting: settingOf({ tokens }), base: 0, models });
}

function contentOf(plan: TokenizerPlan, name: string): string {
  const file = plan.files.find((file) => file.name === name);
  if (!file) throw new Error(`${name} is not written`);
  return file.content;
}

function tokenizerOf(plan: TokenizerPlan) {
  const json = JSON.parse(contentOf(plan, 'tokenizer.json')) as JsonObject;
  expect(sameVocabulary(parseTokenizerJson(json, 'output'), plan.output)).toBe(true);
  return { json, tokenizer: new Tokenizer(json, {}) };
}

const BASE = bpe({ a: 0, b: 1, c: 2, ab: 3 }, ['a b'], [{ id: 4, content: '<s>' }]);

describe('a BPE union', () => {
  it('gives added tokens their flags and keeps ids right for loaders that count', () => {
    const one = bpe({ a: 0 }, [], [{ id: 1, content: '<|im|>', lstrip: true }]);
    const { json, tokenizer } = tokenizerOf(union([model('base', BASE), model('one', one)]));
    expect((json.added_tokens as JsonObject[]).at(-1)).toEqual({
      id: 5,
      content: '<|im|>',
      single_word: false,
      lstrip: true,
      rstrip: false,
      normalized: false,
      special: true,
    });
    expect((json.model as JsonObject).vocab).toEqual({
      a: 0,
      b: 1,
      c: 2,
      ab: 3,
      '<s>': 4,
      '<|im|>': 5,
    });
    expect(tokenizer.encode('ab<|im|>c').ids).toEqual([3, 5, 2]);
  });

  it("does not let another model's pieces disturb how text is split", () => {
    const one = bpe({ b: 0, c: 1, d: 2, bc: 3 }, ['b c'], []);
    const plan = union([model('base', BASE), model('one', one)]);
    const { json, tokenizer } = tokenizerOf(plan);
    expect((json.model as JsonObject).merges).toEqual(['a b']);
    expect(tokenizer.tokenize('abc bc')).toEqual(['ab', 'c', 'b', 'c']);
    expect(tokenizer.encode('d').ids).toEqual([plan.output.tokens.get('d')]);
    expect(plan.notes.at(-1)).toContain('one: no merges are added for its pieces');
  });

  it('appends the merges of a model that extends those of the base', () => {
    const one = bpe({ a: 0, b: 1, c: 2, ab: 3, abc: 4 }, ['a b', 'ab c']);
    const plan = union([model('base', BASE), model('one', one)]);
    const { json, tokenizer } = tokenizerOf(plan);
    expect((json.model as JsonObject).merges).toEqual(['a b', 'ab c']);
    expect(tokenizer.tokenize('abc ab')).toEqual(['abc', 'ab']);
    expect(plan.notes.some((note) => note.includes('merges'))).toBe(false);
  });

  it('writes merges as pairs where a part holds a space', () => {
    const one = bpe({ a: 0, b: 1, c: 2, ab: 3, ' ': 4, ' a': 5 }, ['a b']);
    const merges = [
      ['a', 'b'],
      [' ', 'a'],
    ];
    const extended = { ...one, model: { ...(one.model as JsonObject), merges } };
    const { json } = tokenizerOf(union([model('base', BASE), model('one', extended)]));
    expect((json.model as JsonObject).merges).toEqual(merges);
  });

  it('gives a renamed token the flags of the token that it renames', () => {
    const source = { kind: 'model_token', model: 'base', token: '<s>' };
    const tokens = {
      '<new>': { source, force: true },
      plain: { source: { kind: 'zero' }, force: false },
    };
    const { json } = tokenizerOf(union([model('base', BASE)], tokens));
    expect(json.added_tokens).toMatchObject([
      { id: 4, content: '<s>' },
      { id: 5, content: '<new>', special: true, normalized: false },
      { id: 6, content: 'plain', special: false, normalized: true },
    ]);
  });

  it('keeps names that objects treat specially', () => {
    const one = {
      ...bpe({}, []),
      model: {
        type: 'BPE',
        vocab: JSON.parse('{"__proto__": 0, "7": 1, "constructor": 2}'),
        merges: [],
      },
    };
    const plan = union([model('base', BASE), model('one', one)]);
    const json = JSON.parse(contentOf(plan, 'tokenizer.json')) as JsonObject;
    const parsed = parseTokenizerJson(json, 'output');
    expect(sameVocabulary(parsed, plan.output)).toBe(true);
    expect(parsed.byId.slice(5)).toEqual(['__proto__', '7', 'constructor']);
  });
});

describe('other unions', () => {
  const wordPiece = (vocab: Record<string, number>) => ({
    ...bpe({}),
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  });
  const unigram = (vocab: [string, number][], added: JsonObject[] = []) => ({
    ...bpe({}, [], added),
    model: { type: 'Unigram', unk_id: 0, vocab },
  });

  it('of WordPiece vocabularies match the longest piece of either', () => {
    const one = model('one', wordPiece({ '[UNK]': 0, '##er': 1, run: 2 }));
    const { tokenizer } = tokenizerOf(
      union([model('base', wordPiece({ '[UNK]': 0, r: 1, '##e': 2, '##r': 3 })), one]),
    );
    expect(tokenizer.tokenize('runer rer x')).toEqual(['run', '##er', 'r', '##er', '[UNK]']);
  });

  it('of Unigram vocabularies keep scores, and put added tokens in the list', () => {
    const base = unigram(
      [
        ['<unk>', 0],
        ['a', -1],
        ['b', -2],
      ],
      [
        { id: 3, content: '<s>' },
        { id: 5, content: '<e>' },
      ],
    );
    const plan = union([
      model('base', base),
      model(
        'one',
        unigram([
          ['<unk>', 0],
          ['ab', -1.25],
        ]),
      ),
      model('two', bpe({ z: 0 })),
    ]);
    const { vocab } = JSON.parse(contentOf(plan, 'tokenizer.json')).model;
    expect(vocab).toEqual([
      ['<unk>', 0],
      ['a', -1],
      ['b', -2],
      ['<s>', -2],
      ['<|unnamed row 4|>', -2],
      ['<e>', -2],
      ['ab', -1.25],
      ['z', -2],
    ]);
    expect(
      new Tokenizer(JSON.parse(contentOf(plan, 'tokenizer.json')), {}).encode('ab<s>').ids,
    ).toEqual([6, 3]);
    expect(plan.notes.at(-1)).toContain(
      'two: its tokenizer normalizes or splits text unlike that of base',
    );
  });
});

describe('files', () => {
  const slow = [
    'merges.txt',
    'tokenizer.json',
    'tokenizer.model',
    'tokenizer_config.json',
    'vocab.json',
  ];
  const tokenizerConfig = { eos_token: '<s>', added_tokens_decoder: { 4: { content: '<s>' } } };

  it('of slow tokenizers stay while all new tokens are added tokens', () => {
    const one = bpe({ a: 0 }, [], [{ id: 1, content: '<x>' }]);
    const plan = union([model('base', BASE, { files: slow, tokenizerConfig }), model('one', one)]);
    expect(plan.files.map(({ name }) => name)).toEqual([
      'tokenizer.json',
      'tokenizer_config.json',
      'added_tokens.json',
    ]);
    expect([plan.omitted, plan.copies]).toEqual([[], []]);
    expect(JSON.parse(contentOf(plan, 'added_tokens.json'))).toEqual({ '<s>': 4, '<x>': 5 });
    expect(JSON.parse(contentOf(plan, 'tokenizer_config.json'))).toMatchObject({
      eos_token: '<s>',
      added_tokens_decoder: {
        4: { content: '<s>', special: true },
        5: { content: '<x>', special: true },
      },
    });
  });

  it('of slow tokenizers go when they cannot name new pieces', () => {
    const plan = union([model('base', BASE, { files: slow }), model('one', bpe({ d: 0 }))]);
    expect(plan.omitted).toEqual(['merges.txt', 'tokenizer.model', 'vocab.json']);
    expect(plan.notes).toContain(
      'merges.txt, tokenizer.model, vocab.json of base are left out: they cannot name the new tokens; tokenizer.json does',
    );
  });

  it('of another source are copied, and those of the base left out', () => {
    const models = [model('base', BASE, { files: slow }), model('one', bpe({ a: 0 }))];
    const plan = planTokenizer({ setting: settingOf({ source: 'one' }), base: 0, models });
    expect(plan.files).toEqual([]);
    expect(plan.copies).toEqual([
      { model: 1, name: 'tokenizer.json' },
      { model: 1, name: 'tokenizer_config.json' },
    ]);
    expect(plan.omitted).toEqual(['merges.txt', 'tokenizer.model', 'vocab.json']);
  });

  it('are vocab.json or vocab.txt where there is no tokenizer.json', () => {
    const bare = (files: string[]) =>
      model('base', BASE, { files, tokenizerJson: undefined, kind: undefined });
    const one = model('one', bpe({ d: 0 }));
    const json = union([bare(['merges.txt', 'vocab.json']), one]);
    expect(JSON.parse(contentOf(json, 'vocab.json'))).toEqual({
      a: 0,
      b: 1,
      c: 2,
      ab: 3,
      '<s>': 4,
      d: 5,
    });
    expect(contentOf(union([bare(['vocab.txt']), one]), 'vocab.txt')).toBe('a\nb\nc\nab\n<s>\nd\n');
    expect(JSON.parse(contentOf(json, 'tokenizer_config.json')).added_tokens_decoder).toMatchObject(
      { 4: { content: '<s>' } },
    );
  });
});
