/** Recipes that rearrange: slices, modules, gradients, filters, precedence, and the config after it. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type ModelTensors,
  makeScene,
  readFolder,
  refusal,
  type Scene,
  tensor,
  valuesOf,
} from './scene.ts';

/** A model whose every number is `offset` + the layer (or -1 before and 100 after the layers). */
function layered(layers: number, offset: number, prefix = 'model.layers.'): ModelTensors {
  const one = (value: number) => tensor([1], [offset + value]);
  const names = Array.from({ length: layers }, (_, i) => [
    `${prefix}${i}.mlp.w`,
    `${prefix}${i}.attn.w`,
  ]);
  return {
    'model.embed_tokens.weight': one(-1),
    ...Object.fromEntries(names.flatMap((pair, i) => pair.map((name) => [name, one(i)]))),
    'model.norm.weight': one(100),
    'lm_head.weight': one(101),
  };
}

const configOf = (layers: number, more: object = {}) => ({
  'config.json': { num_hidden_layers: layers, ...more },
});

function layeredScene(more: object = {}): Scene {
  const scene = makeScene();
  scene.model('a', layered(4, 0), configOf(4, more));
  scene.model('b', layered(4, 1000), configOf(4, more));
  return scene;
}

const readConfig = (scene: Scene) =>
  JSON.parse(readFileSync(scene.path('out/config.json'), 'utf8')) as Record<string, unknown>;
const range = (model: string, start: number, end: number, parameters?: object) => ({
  model,
  layer_range: [start, end],
  ...(parameters ? { parameters } : {}),
});
const layersOf = (scene: Scene, part = 'mlp') => {
  const merged = readFolder(scene.path('out'));
  const names = [...merged.keys()].filter((name) => name.endsWith(`.${part}.w`));
  return Array.from(
    { length: names.length },
    (_, i) => valuesOf(merged, `model.layers.${i}.${part}.w`)[0],
  );
};

describe('slices', () => {
  it('stack layers of several models, twice if asked', async () => {
    const scene = layeredScene();
    const slices = [
      { sources: [range('a', 0, 2)] },
      { sources: [range('b', 1, 4)] },
      { sources: [range('a', 1, 2)] },
    ];
    await scene.merge({ merge_method: 'passthrough', slices });
    expect(layersOf(scene)).toEqual([0, 1, 1001, 1002, 1003, 1]);
    const merged = readFolder(scene.path('out'));
    expect(valuesOf(merged, 'model.embed_tokens.weight')).toEqual([-1]);
    expect(valuesOf(merged, 'model.norm.weight')).toEqual([100]);
    expect(readConfig(scene).num_hidden_layers).toBe(6);
  });
  it('take embeddings from the first slice, norm and head from the last', async () => {
    const scene = layeredScene();
    const slices = [{ sources: [range('a', 0, 2)] }, { sources: [range('b', 2, 4)] }];
    await scene.merge({ merge_method: 'passthrough', slices });
    const merged = readFolder(scene.path('out'));
    expect(valuesOf(merged, 'model.embed_tokens.weight')).toEqual([-1]);
    expect(valuesOf(merged, 'model.norm.weight')).toEqual([1100]);
    expect(valuesOf(merged, 'lm_head.weight')).toEqual([1101]);
  });
  it('merge layers of different numbers', async () => {
    const scene = layeredScene();
    const half = { weight: 0.5 };
    const slices = [{ sources: [range('a', 0, 2, half), range('b', 2, 4, half)] }];
    await scene.merge({ merge_method: 'linear', slices });
    expect(layersOf(scene)).toEqual([501, 502]);
  });
  it('with a base take its layers at the same place', async () => {
    const scene = layeredScene();
    const slices = [{ sources: [range('a', 2, 4), range('b', 2, 4)] }];
    await scene.merge({ merge_method: 'slerp', base_model: 'a', parameters: { t: 1 }, slices });
    expect(layersOf(scene)).toEqual([1002, 1003]);
  });
  it('interpolate gradients over each slice', async () => {
    const scene = layeredScene();
    const gradient = { weight: [0, 1] };
    const slices = [
      { sources: [range('a', 0, 3, gradient)] },
      { sources: [range('a', 3, 4, gradient)] },
    ];
    const report = await scene.merge({
      merge_method: 'linear',
      slices,
      parameters: { normalize: false },
    });
    expect(layersOf(scene)).toEqual([0, 0.5, 2, 3]);
    expect(valuesOf(readFolder(scene.path('out')), 'model.norm.weight')).toEqual([0]);
    expect(report.stages[0]?.notes.join()).toMatch(/gradient of "weight".*3 tensors outside/);
  });
});

describe('parameters', () => {
  const linear = (own: unknown, more: object = {}) => ({
    merge_method: 'linear',
    models: [{ model: 'a', parameters: { weight: own } }],
    parameters: { normalize: false },
    ...more,
  });

  it('follow gradients with several anchors', async () => {
    const scene = layeredScene();
    await scene.merge(linear([1, 3, 2]));
    expect(layersOf(scene)).toEqual(
      [0, 1 * (1 + 4 / 3), 2 * (3 - 1 / 3), 3 * 2].map((v) => expect.closeTo(v, 5)),
    );
  });
  it('take the first filter that matches: part, glob, expression', async () => {
    const scene = layeredScene();
    await scene.merge(
      linear([
        { filter: 'attn', value: 2 },
        { filter: '*.layers.[01].*', value: 3 },
        { filter: '/layers\\.2/', value: 4 },
        { value: 5 },
      ]),
    );
    expect(layersOf(scene, 'attn')).toEqual([0, 2, 4, 6]);
    expect(layersOf(scene, 'mlp')).toEqual([0, 3, 8, 15]);
    expect(valuesOf(readFolder(scene.path('out')), 'model.norm.weight')).toEqual([500]);
  });
  it('fall through to the next level where no filter matches', async () => {
    const scene = layeredScene();
    const slices = [
      {
        parameters: { weight: [{ filter: 'attn', value: 3 }] },
        sources: [range('a', 0, 4, { weight: [{ filter: '.1.', value: 2 }] })],
      },
    ];
    await scene.merge({
      merge_method: 'linear',
      slices,
      parameters: { normalize: false, weight: 7 },
    });
    expect(layersOf(scene, 'mlp')).toEqual([0, 2, 14, 21]);
    expect(layersOf(scene, 'attn')).toEqual([0, 2, 6, 9]);
    expect(valuesOf(readFolder(scene.path('out')), 'model.norm.weight')).toEqual([700]);
  });
});

describe('modules', () => {
  it('merge the parts of a model each by its own, and copy the rest', async () => {
    const scene = makeScene();
    const parts = (offset: number): ModelTensors => ({
      ...layered(2, offset, 'language_model.model.layers.'),
      'vision_tower.encoder.layers.0.w': tensor([1], [offset + 7]),
      'multi_modal_projector.w': tensor([1], [offset + 8]),
    });
    scene.model('a', parts(0));
    scene.model('b', parts(1000));
    const models = [
      { model: 'a', parameters: { weight: 1 } },
      { model: 'b', parameters: { weight: 1 } },
    ];
    const report = await scene.merge({
      merge_method: 'linear',
      modules: {
        text_decoder: { models, parameters: {} },
        vision_tower: { models: [{ model: 'b', parameters: { weight: 1 } }] },
      },
    });
    const merged = readFolder(scene.path('out'));
    expect(valuesOf(merged, 'language_model.model.layers.1.mlp.w')).toEqual([501]);
    expect(valuesOf(merged, 'vision_tower.encoder.layers.0.w')).toEqual([1007]);
    expect(valuesOf(merged, 'multi_modal_projector.w')).toEqual([8]);
    expect([...merged.keys()].sort()).toEqual(Object.keys(parts(0)).sort());
    expect(report.stages[0]?.notes.join()).toMatch(/belong to no module/);
  });
  it('take their parameters before the recipe', async () => {
    const scene = layeredScene();
    const models = [{ model: 'a' }, { model: 'b' }];
    await scene.merge({
      merge_method: 'linear',
      modules: { default: { models, parameters: { weight: 2 } } },
      parameters: { weight: 1, normalize: false },
    });
    expect(layersOf(scene)).toEqual([2000, 2004, 2008, 2012]);
  });
  it('restack one part of a model', async () => {
    const scene = makeScene();
    const both = (offset: number): ModelTensors =>
      Object.fromEntries(
        ['encoder', 'decoder'].flatMap((part) =>
          [0, 1].map((i) => [`model.${part}.layers.${i}.w`, tensor([1], [offset + i])]),
        ),
      );
    scene.model('a', both(0), { 'config.json': { encoder_layers: 2, decoder_layers: 2 } });
    const sources = (start: number, end: number) => ({ sources: [range('a', start, end)] });
    await scene.merge({
      merge_method: 'passthrough',
      modules: {
        encoder: { models: [{ model: 'a' }] },
        decoder: { slices: [sources(0, 2), sources(1, 2)] },
      },
    });
    expect(
      [...readFolder(scene.path('out')).keys()].filter((name) => name.includes('decoder')),
    ).toHaveLength(3);
    expect(readConfig(scene)).toMatchObject({ encoder_layers: 2, decoder_layers: 3 });
  });
  it('refuse one that no tensor belongs to', async () => {
    const scene = layeredScene();
    const modules = { vision_tower: { models: [{ model: 'a' }] } };
    expect(await refusal(() => scene.merge({ merge_method: 'passthrough', modules }))).toMatch(
      /"vision_tower".*\ba\b/,
    );
  });
});

describe('config of restacked layers', () => {
  const slices = [{ sources: [range('a', 2, 4)] }, { sources: [range('b', 0, 1)] }];
  const restacked = async (a: object, b: object = a) => {
    const scene = makeScene();
    scene.model('a', layered(4, 0), configOf(4, a));
    scene.model('b', layered(4, 0), configOf(4, b));
    await scene.merge({ merge_method: 'passthrough', slices });
    return readConfig(scene);
  };

  it('moves lists with an entry per layer, each from its model', async () => {
    const config = await restacked(
      { layer_types: ['w', 'x', 'y', 'z'], other: [1, 2, 3, 4] },
      { layer_types: ['W', 'X', 'Y', 'Z'] },
    );
    expect(config).toMatchObject({
      num_hidden_layers: 3,
      layer_types: ['y', 'z', 'W'],
      other: [1, 2, 3, 4],
    });
  });
  it('moves lists of layer numbers', async () => {
    expect(await restacked({ mlp_only_layers: [0, 3] })).toMatchObject({ mlp_only_layers: [1, 2] });
  });
  it('counts layers in a nested config', async () => {
    const scene = makeScene();
    scene.model('a', layered(4, 0), { 'config.json': { text_config: { num_hidden_layers: 4 } } });
    await scene.merge({ merge_method: 'passthrough', slices: slices.slice(0, 1) });
    expect(readConfig(scene)).toMatchObject({ text_config: { num_hidden_layers: 2 } });
  });
  it.each([
    ['first_k_dense_replace', 1],
    ['decoder_sparse_step', 2],
    ['moe_layer_freq', 2],
    ['sliding_window_pattern', 2],
    ['full_attention_interval', 4],
    ['global_attn_every_n_layers', 3],
    ['scale_attn_by_inverse_layer_idx', true],
    ['hybrid_override_pattern', 'M-M*'],
  ])('refuses the rule %s: %j', async (key, value) => {
    const message = await refusal(() => restacked({ [key]: value }));
    expect(message).toContain(`${key} is ${JSON.stringify(value)}`);
  });
  it.each([
    { first_k_dense_replace: 0 },
    { decoder_sparse_step: 1 },
    { sliding_window_pattern: 2, layer_types: ['a', 'b', 'c', 'd'] },
    { scale_attn_by_inverse_layer_idx: false },
  ])('takes %j, which says nothing', async (rule) => {
    expect(await restacked(rule)).toMatchObject({ num_hidden_layers: 3 });
  });
  it('leaves rules alone where no layer moves', async () => {
    const scene = layeredScene({ first_k_dense_replace: 1 });
    await scene.merge({
      merge_method: 'passthrough',
      slices: [{ sources: [range('a', 0, 2)] }, { sources: [range('b', 2, 4)] }],
    });
    expect(readConfig(scene)).toMatchObject({ num_hidden_layers: 4, first_k_dense_replace: 1 });
  });
});

describe('several documents', () => {
  const documents = (...parts: object[]) =>
    parts.map((part) => JSON.stringify(part)).join('\n---\n');
  const mean = (...models: string[]) => ({
    merge_method: 'linear',
    models: models.map((model) => ({ model, parameters: { weight: 1 } })),
  });

  it('use earlier ones as models, one of them twice, in any order', async () => {
    const scene = layeredScene();
    scene.model('c', layered(4, 5000), configOf(4));
    const text = documents(
      { ...mean('both', 'first', 'c') },
      { name: 'both', ...mean('first', 'c') },
      { name: 'first', ...mean('a', 'b') },
    );
    const report = await scene.merge(text);
    expect(report.stages.map(({ stage }) => stage)).toEqual(['first', 'both', undefined]);
    const first = 500;
    const both = (first + 5000) / 2;
    expect(valuesOf(readFolder(scene.path('out')), 'model.layers.0.mlp.w')).toEqual([
      expect.closeTo((both + first + 5000) / 3, 2),
    ]);
  });
  it('find in the plan what is wrong with the last', async () => {
    const scene = layeredScene();
    const text = documents(
      { name: 'first', ...mean('a', 'b') },
      { merge_method: 'ties', models: [{ model: 'first' }] },
    );
    expect(await refusal(() => scene.merge(text))).toMatch(/ties needs a base_model/);
  });
  it('restack a restacked one', async () => {
    const scene = layeredScene();
    const text = documents(
      {
        name: 'deep',
        merge_method: 'passthrough',
        slices: [{ sources: [range('a', 0, 4)] }, { sources: [range('b', 2, 4)] }],
      },
      { merge_method: 'passthrough', slices: [{ sources: [range('deep', 3, 6)] }] },
    );
    await scene.merge(text);
    expect(layersOf(scene)).toEqual([3, 1002, 1003]);
    expect(readConfig(scene).num_hidden_layers).toBe(3);
  });
});
