import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/checkpoint/checkpoint.ts';
import { findLayerStacks, splitLayerName } from '../../src/checkpoint/layers.ts';
import { FORMATS } from './files.ts';

const FAMILIES = JSON.parse(
  readFileSync(join(FORMATS, 'families', 'names.json'), 'utf8'),
) as Record<string, { config: JsonObject; names: string[] }>;

const hidden = (prefix: string, count = 2) => ({ prefix, count, configKey: 'num_hidden_layers' });

const ENCODER_DECODER = [
  { prefix: 'model.decoder.layers.', count: 2, configKey: 'decoder_layers' },
  { prefix: 'model.encoder.layers.', count: 2, configKey: 'encoder_layers' },
];

const EXPECTED: Record<string, object[]> = {
  bert: [hidden('bert.encoder.layer.')],
  'bert-mlm-hub-names': [hidden('bert.encoder.layer.')],
  distilbert: [{ prefix: 'distilbert.transformer.layer.', count: 2, configKey: 'n_layers' }],
  roberta: [hidden('roberta.encoder.layer.')],
  gpt2: [{ prefix: 'transformer.h.', count: 2, configKey: 'n_layer' }],
  'gpt2-hub-names': [{ prefix: 'h.', count: 2, configKey: 'n_layer' }],
  llama: [hidden('model.layers.')],
  gemma3: [hidden('model.layers.', 3)],
  qwen2: [hidden('model.layers.')],
  qwen2_moe: [hidden('model.layers.')],
  qwen3_moe: [hidden('model.layers.')],
  mixtral: [hidden('model.layers.')],
  marian: ENCODER_DECODER,
  bart: ENCODER_DECODER,
  't5-gated': [
    { prefix: 'decoder.block.', count: 2, configKey: 'num_decoder_layers' },
    { prefix: 'encoder.block.', count: 2, configKey: 'num_layers' },
  ],
};

it('knows what to expect of every family', () => {
  expect(Object.keys(EXPECTED).sort()).toEqual(Object.keys(FAMILIES).sort());
});

it.each(Object.entries(EXPECTED))('%s', (family, expected) => {
  const { names, config } = FAMILIES[family]!;
  expect(findLayerStacks(names, config)).toEqual(expected);
});

describe('findLayerStacks', () => {
  const layers = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, layer) => `${prefix}${layer}.weight`);

  it('tells the text from the image, by nested config', () => {
    const names = [
      ...layers('vision_tower.vision_model.encoder.layers.', 3),
      ...layers('language_model.model.layers.', 3),
    ];
    const config = {
      vision_config: { num_hidden_layers: 3 },
      text_config: { num_hidden_layers: 3 },
    };
    expect(findLayerStacks(names, config).map(({ configKey }) => configKey)).toEqual([
      'vision_config.num_hidden_layers',
      'text_config.num_hidden_layers',
    ]);
    expect(findLayerStacks(names, { num_hidden_layers: 3 })).toEqual([
      { prefix: 'vision_tower.vision_model.encoder.layers.', count: 3 },
      { prefix: 'language_model.model.layers.', count: 3, configKey: 'num_hidden_layers' },
    ]);
  });

  it('gives an encoder and a decoder of unlike depth their own keys', () => {
    const names = [...layers('model.encoder.layers.', 4), ...layers('model.decoder.layers.', 2)];
    const config = { encoder_layers: 4, decoder_layers: 2, num_hidden_layers: 4 };
    expect(findLayerStacks(names, config).map(({ configKey }) => configKey)).toEqual([
      'encoder_layers',
      'decoder_layers',
    ]);
  });

  it('names no key when the count is another, or there is no config', () => {
    const stack = { prefix: 'model.layers.', count: 5 };
    expect(findLayerStacks(layers('model.layers.', 5), { num_hidden_layers: 4 })).toEqual([stack]);
    expect(findLayerStacks(layers('model.layers.', 5), undefined)).toEqual([stack]);
  });

  it('takes no stack with a gap, without a prefix or without numbers', () => {
    const names = [
      'head.0.weight',
      'head.2.weight',
      '0.weight',
      'a.b',
      'layer1.c',
      'x.01.y',
      'e.f',
    ];
    expect(findLayerStacks(names, undefined)).toEqual([]);
  });

  it('bears many names and long ones', () => {
    const names = [...layers('a.', 200_000), 'b.'.repeat(100_000), `c.${'9'.repeat(100_000)}`];
    expect(findLayerStacks(names, { n_layer: 200_000 })).toEqual([
      { prefix: 'a.', count: 200_000, configKey: 'n_layer' },
    ]);
  });
});

it('splits a name at the layer, not at the expert', () => {
  expect(splitLayerName('model.layers.12.mlp.experts.3.w1')).toEqual({
    prefix: 'model.layers.',
    layer: 12,
    suffix: '.mlp.experts.3.w1',
  });
  expect(splitLayerName('layers.7')).toEqual({ prefix: 'layers.', layer: 7, suffix: '' });
  expect(splitLayerName('model.embed_tokens.weight')).toBeUndefined();
});
