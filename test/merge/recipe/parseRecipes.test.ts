import { describe, expect, it } from 'vitest';
import { parseRecipes } from '../../../src/merge/recipe/parseRecipes.ts';
import { parameterSets, type Recipe } from '../../../src/merge/recipe/recipe.ts';
import { readGoldenRecipes } from './golden.ts';

function parseOne(text: string): Recipe {
  const { recipes, warnings } = parseRecipes(text, 'recipe.yml');
  expect(warnings).toEqual([]);
  expect(recipes).toHaveLength(1);
  return recipes[0]!;
}

describe('golden recipes', () => {
  const recipes = readGoldenRecipes();

  it('are all here', () => {
    expect(recipes.length).toBe(56);
  });

  it.each(recipes)('$name', ({ name, text }) => {
    const recipe = parseOne(text);
    expect(
      name.startsWith(recipe.mergeMethod) ||
        /^(ta|tok|tied|deep|slices|passthrough|outdtype)-/.test(name),
    ).toBe(true);
    expect(recipe.dtype).toBe('F32');
    expect(recipe.outDtype).toBe(
      name.endsWith('bf16once') || name.startsWith('outdtype') ? 'BF16' : undefined,
    );
    const [module] = recipe.modules;
    expect(module?.name).toBe('default');
    for (const slice of module?.slices ?? []) {
      for (const source of slice.sources) {
        expect(source.layerRange === undefined).toBe(recipe.form === 'models');
        expect(text).toContain(`model: ${source.model}\n`);
      }
    }
  });
});

describe('typical recipes', () => {
  it('slerp with gradients and filters', () => {
    const recipe = parseOne(`
slices:
  - sources:
      - model: psmathur/orca_mini_v3_13b
        layer_range: [0, 40]
      - model: garage-bAInd/Platypus2-13B
        layer_range: [0, 40]
# or, the equivalent models: syntax:
# models:
merge_method: slerp
base_model: psmathur/orca_mini_v3_13b
parameters:
  t:
    - filter: self_attn
      value: [0, 0.5, 0.3, 0.7, 1]
    - filter: mlp
      value: [1, 0.5, 0.7, 0.3, 0]
    - value: 0.5 # fallback for rest of tensors
dtype: float16
`);
    expect(recipe).toEqual({
      mergeMethod: 'slerp',
      baseModel: 'psmathur/orca_mini_v3_13b',
      form: 'slices',
      modules: [
        {
          name: 'default',
          parameters: {},
          slices: [
            {
              parameters: {},
              sources: [
                { model: 'psmathur/orca_mini_v3_13b', layerRange: [0, 40], parameters: {} },
                { model: 'garage-bAInd/Platypus2-13B', layerRange: [0, 40], parameters: {} },
              ],
            },
          ],
        },
      ],
      parameters: {
        t: [
          { filter: 'self_attn', value: [0, 0.5, 0.3, 0.7, 1] },
          { filter: 'mlp', value: [1, 0.5, 0.7, 0.3, 0] },
          { value: 0.5 },
        ],
      },
      dtype: 'F16',
    });
  });

  it('ties with a density gradient, a base among the models, and no parameters on it', () => {
    const recipe = parseOne(`
models:
  - model: base/llama # no parameters necessary for base model
  - model: a/math
    parameters:
      density: [1, 0.7, 0.1] # density gradient
      weight: 1.0
  - model: b/code@main
    parameters:
      density: 0.33
      weight:
        - filter: mlp
          value: 0.5
        - value: 0
merge_method: ties
base_model: base/llama
parameters:
  normalize: true
  int8_mask: yes
  lambda: 1e-1
dtype: torch.bfloat16
out_dtype: fp32
`);
    expect(recipe.modules[0]?.slices[0]?.sources).toEqual([
      { model: 'base/llama', parameters: {} },
      { model: 'a/math', parameters: { density: [1, 0.7, 0.1], weight: 1 } },
      {
        model: 'b/code@main',
        parameters: { density: 0.33, weight: [{ filter: 'mlp', value: 0.5 }, { value: 0 }] },
      },
    ]);
    expect(recipe.parameters).toEqual({ normalize: true, int8_mask: true, lambda: 0.1 });
    expect([recipe.dtype, recipe.outDtype]).toEqual(['BF16', 'F32']);
  });

  it('a frankenmerge with scaled copies', () => {
    const recipe = parseOne(`
slices:
- sources:
  - {model: big, layer_range: [0, 16]}
- sources:
  - model: big
    layer_range: ["8", 24.0]
    parameters:
      scale:
      - {filter: o_proj, value: 0.0}
      - {filter: down_proj, value: "0.0"}
      - value: 1.0
merge_method: passthrough
dtype: bfloat16
`);
    expect(recipe.modules[0]?.slices.map((slice) => slice.sources[0]?.layerRange)).toEqual([
      [0, 16],
      [8, 24],
    ]);
    expect(recipe.modules[0]?.slices[1]?.sources[0]?.parameters).toEqual({
      scale: [{ filter: 'o_proj', value: 0 }, { filter: 'down_proj', value: 0 }, { value: 1 }],
    });
  });

  it('slices with a base model, parameters and merge keys', () => {
    const recipe = parseOne(`
merge_method: task_arithmetic
base_model: base
slices:
  - &first
    base_model: other
    parameters: &common {weight: 0.5, normalize: no}
    sources: [{model: a, layer_range: [0, 2], parameters: {<<: *common, weight: 1}}]
  - <<: *first
    parameters: *common
`);
    const parameters = { weight: 0.5, normalize: false };
    const sources = [
      { model: 'a', layerRange: [0, 2], parameters: { weight: 1, normalize: false } },
    ];
    const slice = { baseModel: 'other', parameters, sources };
    expect(recipe.modules[0]?.slices).toEqual([slice, slice]);
  });

  it('modules, each with models or slices', () => {
    const recipe = parseOne(`
merge_method: linear
modules:
  text_decoder:
    base_model: a
    parameters: {weight: 0.4}
    slices:
      - sources: [{model: a, layer_range: [0, 2]}, {model: b, layer_range: [1, 3]}]
  vision_tower:
    models: [{model: a}]
`);
    expect(recipe.form).toBe('modules');
    expect(recipe.modules).toEqual([
      {
        name: 'text_decoder',
        baseModel: 'a',
        parameters: { weight: 0.4 },
        slices: [
          {
            parameters: {},
            sources: [
              { model: 'a', layerRange: [0, 2], parameters: {} },
              { model: 'b', layerRange: [1, 3], parameters: {} },
            ],
          },
        ],
      },
      {
        name: 'vision_tower',
        parameters: {},
        slices: [{ parameters: {}, sources: [{ model: 'a', parameters: {} }] }],
      },
    ]);
    expect(parameterSets(recipe)).toHaveLength(8);
  });

  it('a tokenizer in detail', () => {
    const recipe = parseOne(`
merge_method: linear
base_model: base
models: [{model: a, parameters: {weight: 1}}]
tokenizer:
  source: union
  tokens:
    <|im_start|>:
      source: org/chatml
    "<|start_header_id|>":
      source: org/llama3
      force: true
    <|eot_id|>:
      source: {kind: model_token, model: org/llama3, token: <|end_of_text|>}
      force: yes
    1:
      source: {kind: model_token, model: base, token_id: 0}
    <pad>:
      source: {kind: zero}
    <unk>:
  pad_to_multiple_of: 64
chat_template: chatml
`);
    expect(recipe.tokenizer).toEqual({
      source: 'union',
      explicit: true,
      padToMultipleOf: 64,
      tokens: {
        '<|im_start|>': { source: { kind: 'model', model: 'org/chatml' }, force: false },
        '<|start_header_id|>': { source: { kind: 'model', model: 'org/llama3' }, force: true },
        '<|eot_id|>': {
          source: { kind: 'model_token', model: 'org/llama3', token: '<|end_of_text|>' },
          force: true,
        },
        1: { source: { kind: 'model_token', model: 'base', tokenId: 0 }, force: false },
        '<pad>': { source: { kind: 'zero' }, force: false },
        '<unk>': { force: false },
      },
    });
    expect(recipe.chatTemplate).toBe('chatml');
  });

  it('other spellings: model:path, mappings for models, keys without a value, a Jinja template', () => {
    const recipe = parseOne(`
merge_method: linear
base_model: {model: {path: org/base, revision: main}, lora: org/lora}
parameters:
dtype:
models:
  - model: {model: {path: org/a}}
    parameters:
      weight: {filter: mlp, value: 1}
tokenizer_source: model:org/a
tokenizer:
chat_template: "{% for m in messages %}{{ m.content }}{% endfor %}"
`);
    expect(recipe.baseModel).toBe('org/base@main+org/lora');
    expect(recipe.modules[0]?.slices[0]?.sources[0]).toEqual({
      model: 'org/a',
      parameters: { weight: [{ filter: 'mlp', value: 1 }] },
    });
    expect(recipe.tokenizer).toEqual({ source: 'org/a', tokens: {}, explicit: false });
    expect(recipe.chatTemplate).toContain('messages');
  });

  it('says what it accepts without effect', () => {
    const { recipes, warnings } = parseRecipes(
      `merge_method: passthrough
slices:
  - sources: [{model: a, layer_range: [0, 1]}]
    residual_weight: 0.5
random_seed: 0
`,
      'recipe.yml',
    );
    expect(recipes).toHaveLength(1);
    expect(warnings.toSorted()).toEqual([
      'recipe.yml:4: slices[0].residual_weight: has no effect',
      'recipe.yml:5: random_seed: has no effect; the seed is an option of the command',
    ]);
  });
});

describe('placeOf', () => {
  const { recipes, placeOf } = parseRecipes(
    `merge_method: linear
parameters: {normalize: true}
models:
  - model: a
    parameters:
      weight: 1
`,
    'recipe.yml',
  );
  const recipe = recipes[0]!;
  const slice = recipe.modules[0]!.slices[0]!;
  const source = slice.sources[0]!;

  it('gives line and path of any part', () => {
    expect(placeOf(recipe, 'merge_method')).toBe('recipe.yml:1: merge_method');
    expect(placeOf(recipe)).toBe('recipe.yml:1');
    expect(placeOf(recipe.parameters, 'normalize')).toBe('recipe.yml:2: parameters.normalize');
    expect(placeOf(slice)).toBe('recipe.yml:3: models');
    expect(placeOf(source, 'model')).toBe('recipe.yml:4: models[0].model');
    expect(placeOf(source.parameters, 'weight')).toBe('recipe.yml:6: models[0].parameters.weight');
  });
});
