import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { groupTensors } from '../../src/checkpoint/groupTensors.ts';
import { openCheckpoint } from '../../src/checkpoint/open.ts';
import { summarizeCheckpoint } from '../../src/checkpoint/summary.ts';
import { inspectCommand } from '../../src/cli/inspect.ts';
import type { Dtype } from '../../src/tensor/dtype.ts';
import { FORMATS, makeFolder, zeros } from './files.ts';

const tensor = (name: string, shape = [2], dtype: Dtype = 'F32') => ({ name, dtype, shape });

function makeModel(): string {
  return makeFolder({
    'm/model.safetensors': zeros(
      tensor('model.embed_tokens.weight', [10, 4], 'BF16'),
      tensor('model.layers.0.mlp.weight', [4, 4], 'BF16'),
      tensor('model.layers.1.mlp.weight', [4, 4], 'BF16'),
      tensor('model.norm.weight', [4]),
      tensor('odd\u001b[31m', [0]),
    ),
    'm/config.json':
      '{"architectures":["LlamaForCausalLM"],"num_hidden_layers":2,"text_config":{"vocab_size":10}}',
    'm/vocab.json': '{}',
    'm/merges.txt': '',
  });
}

describe('summarizeCheckpoint', () => {
  it('counts parameters, bytes, dtypes, layers, and knows the tokenizer', async () => {
    const summary = summarizeCheckpoint(await openCheckpoint(join(makeModel(), 'm'), 'mine'));
    expect(summary).toMatchObject({
      reference: 'mine',
      architectures: ['LlamaForCausalLM'],
      modelType: undefined,
      parameters: 40 + 16 + 16 + 4,
      bytes: 2 * (40 + 16 + 16) + 4 * 4,
      dtypes: [
        { dtype: 'BF16', tensors: 3, parameters: 72, bytes: 144 },
        { dtype: 'F32', tensors: 2, parameters: 4, bytes: 16 },
      ],
      layers: [{ prefix: 'model.layers.', count: 2, configKey: 'num_hidden_layers' }],
      tokenizer: {
        kind: 'byte-pair encoding',
        files: ['vocab.json', 'merges.txt'],
        vocabularySize: 10,
      },
      otherFiles: ['config.json', 'merges.txt', 'vocab.json'],
    });
    expect(summary.files).toMatchObject([{ name: 'model.safetensors', tensors: 5 }]);
    expect(summary.tensors[0]).toEqual({
      name: 'model.embed_tokens.weight',
      dtype: 'BF16',
      shape: [10, 4],
      file: 'model.safetensors',
    });
  });

  it('bears a config of the wrong types', async () => {
    const folder = makeFolder({
      'model.safetensors': zeros(tensor('a')),
      'config.json':
        '{"architectures":"x","model_type":1,"vocab_size":"2","text_config":[],"n_layer":"1"}',
    });
    expect(summarizeCheckpoint(await openCheckpoint(folder, 'm'))).toMatchObject({
      architectures: [],
      modelType: undefined,
      layers: [],
      tokenizer: { kind: undefined, files: [], vocabularySize: undefined },
    });
  });
});

describe('groupTensors', () => {
  const patternsOf = (names: string[]) =>
    groupTensors(names.map((name) => tensor(name))).map(({ pattern, count }) => [pattern, count]);

  it('joins layers and experts', () => {
    const names = [0, 1, 2].flatMap((layer) => [0, 1].map((expert) => `l.${layer}.e.${expert}.w`));
    expect(patternsOf(names)).toEqual([['l.{0..2}.e.{0..1}.w', 6]]);
  });

  it('stands for no name that is not there', () => {
    expect(patternsOf(['l.0.e.0', 'l.0.e.1', 'l.1.e.1'])).toEqual([
      ['l.0.e.0', 1],
      ['l.{0..1}.e.1', 2],
    ]);
    expect(patternsOf(['l.10.w', 'l.2.w', 'l.3.w', 'l.5.w'])).toEqual([['l.{2..3,5,10}.w', 4]]);
  });

  it('keeps apart what differs in dtype or shape, or has no number of its own', () => {
    const list = [tensor('l.0.w'), tensor('l.1.w', [3]), tensor('l.2.w', [2], 'F16')];
    expect(groupTensors(list).map(({ pattern }) => pattern)).toEqual(['l.0.w', 'l.1.w', 'l.2.w']);
    expect(patternsOf(['w1', 'w2', 'a.01', 'a.02'])).toHaveLength(4);
  });
});

describe('inspectCommand', () => {
  it('prints a table in which repeated layers are one row, and no escape sequences', async () => {
    const text = await inspectCommand('m', { currentFolder: makeModel() });
    expect(text).toMatchInlineSnapshot(`
      "checkpoint    m
      architecture  LlamaForCausalLM
      parameters    76
      size          160 bytes
      dtypes        BF16 (3 tensors), F32 (2 tensors)
      layers        2 model.layers.* (num_hidden_layers)
      tokenizer     byte-pair encoding, vocabulary of 10

      ┌────────────────────────────────┬───────┬─────────┬───────┐
      │ tensor                         │ dtype │ shape   │ count │
      │ model.embed_tokens.weight      │ BF16  │ [10, 4] │       │
      │ model.layers.{0..1}.mlp.weight │ BF16  │ [4, 4]  │ x2    │
      │ model.norm.weight              │ F32   │ [4]     │       │
      │ odd\\u001b[31m                  │ F32   │ [0]     │       │
      └────────────────────────────────┴───────┴─────────┴───────┘

      ┌───────────────────┬───────┬─────────┐
      │ file              │ bytes │ tensors │
      │ model.safetensors │ 560   │ 5       │
      └───────────────────┴───────┴─────────┘

      other files: config.json, merges.txt, vocab.json"
    `);
  });

  it('prints the summary as JSON', async () => {
    const options = { currentFolder: join(FORMATS, 'safetensors'), json: true };
    const summary = JSON.parse(await inspectCommand('sharded', options));
    expect(summary.parameters).toBe(5342);
    expect(summary.bytes).toBe(21328);
    expect(summary.tensors).toHaveLength(14);
  });

  it('stays readable for 80 layers', async () => {
    const names = Array.from({ length: 80 }, (_, layer) => tensor(`model.layers.${layer}.w`));
    const currentFolder = makeFolder({ 'm/model.safetensors': zeros(...names) });
    const text = await inspectCommand('m', { currentFolder });
    expect(text).toContain('model.layers.{0..79}.w');
    expect(text).toContain('x80');
    expect(text.split('\n').length).toBeLessThan(25);
  });
});
