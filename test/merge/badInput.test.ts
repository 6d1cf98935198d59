/**
 * Whatever is wrong with the input, the user gets one sentence that names it, and finds nothing
 * half-written.
 */

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FusionError } from '../../src/errors.ts';
import { type MergeOptions, merge } from '../../src/merge/merge.ts';
import { planStages } from '../../src/merge/run/planStages.ts';
import { runStages } from '../../src/merge/run/runStages.ts';
import {
  f32,
  i64,
  safetensors,
  scratchFolder,
  type TinyTensor,
  u8,
  writeModel,
  writeRecipe,
} from './scratch.ts';

let folder = '';
let remove = () => {};
beforeEach(() => {
  ({ path: folder, remove } = scratchFolder());
  writeModel(join(folder, 'a'), { w: f32([2, 3], [1, 2, 3, 4, 5, 6]) });
  writeModel(join(folder, 'b'), { w: f32([2, 3], [3, 2, 1, 0, 1, 2]) });
});
afterEach(() => remove());

const LINEAR = `
merge_method: linear
models:
- model: a
  parameters: {weight: 1}
- model: b
  parameters: {weight: 1}
`;

/** Runs a merge that must fail; returns its sentence. */
async function refusal(recipe: string, options: Partial<MergeOptions> = {}): Promise<string> {
  const out = join(folder, 'out');
  const failure = await merge({
    recipe: writeRecipe(folder, recipe),
    out,
    currentFolder: folder,
    ...options,
  }).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(FusionError);
  expect((failure as FusionError).code).toBe('bad_input');
  if (options.out === undefined) expect(existsSync(out)).toBe(false);
  expect(existsSync(`${out}.lmfuse-partial`)).toBe(false);
  return (failure as FusionError).message;
}

const taskVector = (method: string, parameters = '{weight: 1}', globals = '') => `
merge_method: ${method}
base_model: a
${globals}
models:
- model: b
  parameters: ${parameters}
`;

describe('weights', () => {
  it('a tensor of another shape', async () => {
    writeModel(join(folder, 'b'), { w: f32([3, 2], [1, 2, 3, 4, 5, 6]) });
    expect(await refusal(LINEAR)).toBe('tensor "w": shape [2, 3] in a, [3, 2] in b');
  });

  it('a tensor that is missing', async () => {
    writeModel(join(folder, 'b'), { v: f32([2, 3], [1, 2, 3, 4, 5, 6]) });
    expect(await refusal(LINEAR)).toBe('tensor "w" is missing in b');
  });

  it('numbers here and integers there', async () => {
    writeModel(join(folder, 'b'), { w: i64([2, 3], [1, 2, 3, 4, 5, 6]) });
    expect(await refusal(LINEAR)).toBe(
      'tensor "w": F32 in a, I64 in b; such values are only copied when all agree',
    );
  });

  it.each<[string, TinyTensor, TinyTensor]>([
    ['I64', i64([2], [1, 2]), i64([2], [1, 3])],
    ['F8_E4M3', u8('F8_E4M3', [2], [1, 2]), u8('F8_E4M3', [2], [1, 3])],
    ['F4', u8('F4', [4], [1, 2]), u8('F4', [4], [1, 3])],
    ['BOOL', u8('BOOL', [2], [0, 1]), u8('BOOL', [2], [1, 1])],
    ['C64', u8('C64', [1], [0, 0, 0, 0, 0, 0, 0, 0]), u8('C64', [1], [1, 0, 0, 0, 0, 0, 0, 0])],
  ])('values of %s that differ', async (dtype, left, right) => {
    writeModel(join(folder, 'a'), { w: left });
    writeModel(join(folder, 'b'), { w: right });
    expect(await refusal(LINEAR)).toBe(
      `tensor "w": ${dtype} values cannot be averaged, only copied when all inputs agree, and ` +
        'those of a and b differ',
    );
  });

  it('a quantized model', async () => {
    const config = { quantization_config: { quant_method: 'gptq' } };
    writeModel(join(folder, 'b'), { w: f32([2, 3], [1, 2, 3, 4, 5, 6]) }, config);
    expect(await refusal(LINEAR)).toContain('b: its weights are quantized (gptq)');
  });

  it('a truncated file', async () => {
    const path = join(folder, 'b', 'model.safetensors');
    writeFileSync(path, readFileSync(path).subarray(0, -4));
    expect(await refusal(LINEAR)).toContain(path);
  });

  it('a weight file that cannot be read', async () => {
    writeModel(join(folder, 'b'), {});
    const path = join(folder, 'b', 'model.safetensors');
    rmSync(path);
    symlinkSync(join(folder, 'nowhere'), path);
    expect(await refusal(LINEAR)).toContain(join(folder, 'b'));
  });

  it('a file that changes between plan and merge', async () => {
    const path = join(folder, 'b', 'model.safetensors');
    const out = join(folder, 'out');
    const options = { recipe: writeRecipe(folder, LINEAR), out, currentFolder: folder };
    const planned = await planStages(options);
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(8)]));
    await expect(runStages(planned, options)).rejects.toThrow(
      /b.model\.safetensors: has changed since the merge was planned \(\d+ bytes then, \d+ now\)/,
    );
    expect(existsSync(out)).toBe(false);
    expect(existsSync(`${out}.lmfuse-partial`)).toBe(false);
  });

  const hostile = join(import.meta.dirname, '../formats/hostile');
  const files = readdirSync(hostile).filter(
    (name) => /\.(safetensors|bin)$/.test(name) && name !== 'control_ok.bin',
  );
  it.each(files)('%s', async (name) => {
    mkdirSync(join(folder, 'h'));
    const target = name.endsWith('.bin') ? 'pytorch_model.bin' : 'model.safetensors';
    writeFileSync(join(folder, 'h', target), readFileSync(join(hostile, name)));
    const message = await refusal('merge_method: passthrough\nmodels: [{model: h}]');
    expect(message).toContain(target);
    expect(existsSync('pwned.txt')).toBe(false);
  });

  it('an index that names a missing shard, or a file outside', async () => {
    const write = (file: string) => {
      mkdirSync(join(folder, 's'), { recursive: true });
      const index = { metadata: {}, weight_map: { w: file } };
      writeFileSync(join(folder, 's', 'model.safetensors.index.json'), JSON.stringify(index));
    };
    write('model-00001-of-00001.safetensors');
    const recipe = 'merge_method: passthrough\nmodels: [{model: s}]';
    expect(await refusal(recipe)).toContain('model-00001-of-00001.safetensors');
    writeFileSync(join(folder, 'outside.safetensors'), safetensors({ w: f32([1], [1]) }));
    write('../outside.safetensors');
    expect(await refusal(recipe)).toContain('../outside.safetensors');
  });
});

describe('recipes', () => {
  it('an unknown method', async () => {
    expect(await refusal(LINEAR.replace('linear', 'liner'))).toBe(
      'recipe.yml:2: merge_method: unknown merge method "liner"; did you mean "linear"?',
    );
  });

  it('an unknown parameter', async () => {
    expect(await refusal(LINEAR.replaceAll('weight', 'wieght'))).toContain(
      'unknown parameter "wieght"; did you mean "weight"?',
    );
  });

  it('an unknown key', async () => {
    expect(await refusal(LINEAR.replace('models', 'modelss'))).toContain('did you mean "models"?');
  });

  it('a parameter without a value', async () => {
    expect(await refusal('merge_method: linear\nmodels: [{model: a}]')).toBe(
      'linear, model a: "weight" is needed, and no value is given for w',
    );
  });

  it('a parameter of the wrong type', async () => {
    expect(await refusal(LINEAR.replace('weight: 1', 'weight: true'))).toContain(
      '"weight" is true, not a number',
    );
  });

  it('weights that sum to zero under normalize', async () => {
    const zero = LINEAR.replace('weight: 1', 'weight: -1');
    expect(await refusal(zero)).toContain('the weights [-1, 1] sum to 0');
    expect(await refusal(zero.replace('linear', 'multislerp'))).toContain('sum to 0');
  });

  it('no base model', async () => {
    expect(await refusal(LINEAR.replace('linear', 'ties'))).toBe(
      'ties needs a base_model, and the recipe gives none',
    );
  });

  it('too many models, and too few', async () => {
    const recipe = `merge_method: nearswap\nbase_model: a\nparameters: {t: 1}\nmodels: [{model: a}]`;
    expect(await refusal(recipe)).toBe('nearswap takes 1 model besides the base, not 0');
    const slerp = LINEAR.replace('linear', 'slerp\nbase_model: c\nparameters: {t: 0.5}');
    writeModel(join(folder, 'c'), { w: f32([2, 3], [1, 2, 3, 4, 5, 6]) });
    expect(await refusal(slerp)).toBe('slerp takes 2 models, the base included, not 3');
  });

  it.each([
    ['ties', '{weight: 1, density: 1.5}', 'density is 1.5, not between 0 and 1'],
    ['dare_linear', '{weight: 1, density: -0.1}', 'density is -0.1, not between 0 and 1'],
    ['breadcrumbs', '{weight: 1, density: 0.5, gamma: 2}', 'gamma is 2, not between 0 and 1'],
    ['della', '{weight: 1, density: 0.9, epsilon: 0.2}', 'not within (0, 1)'],
  ])('%s with %s', async (method, parameters, sentence) => {
    expect(await refusal(taskVector(method, parameters))).toContain(sentence);
  });

  it('layers beyond the model', async () => {
    const layer = (i: number) => [`model.layers.${i}.w`, f32([2], [i, i])] as const;
    const tensors = Object.fromEntries([layer(0), layer(1)]);
    writeModel(join(folder, 'm'), tensors, { num_hidden_layers: 2 });
    const recipe =
      'merge_method: passthrough\nslices: [{sources: [{model: m, layer_range: [0, 3]}]}]';
    expect(await refusal(recipe)).toBe('slice 1: layers 0 to 3 of m are asked for, but it has 2');
  });

  it('a model that is nowhere', async () => {
    const message = await refusal(LINEAR.replace('model: b', 'model: org/b'));
    expect(message).toContain('org/b');
    expect(message).toContain('downloading is not supported yet');
  });

  it('a model with an adapter', async () => {
    expect(await refusal(LINEAR.replace('model: b', 'model: b+lora'))).toContain('adapters');
  });

  it('a name that means two folders', async () => {
    mkdirSync(join(folder, 'r'));
    writeModel(join(folder, 'r', 'b'), { w: f32([2, 3], [0, 0, 0, 0, 0, 0]) });
    const recipe = writeRecipe(join(folder, 'r'), LINEAR);
    const message = await refusal(LINEAR, { recipe });
    expect(message).toContain(join(folder, 'b'));
    expect(message).toContain(join(folder, 'r', 'b'));
  });

  it('a recipe that is not there', async () => {
    expect(await refusal(LINEAR, { recipe: join(folder, 'none.yml') })).toContain('ENOENT');
  });

  it('vocabularies that differ, without a tokenizer plan', async () => {
    const vocabulary = (name: string, tokens: string[]) => {
      const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
      writeFileSync(
        join(folder, name, 'tokenizer.json'),
        JSON.stringify({
          version: '1.0',
          added_tokens: [],
          model: { type: 'WordLevel', vocab, unk_token: 'x' },
        }),
      );
    };
    vocabulary('a', ['x', 'y']);
    vocabulary('b', ['x', 'z']);
    const message = await refusal(LINEAR);
    expect(message).toContain('the vocabularies differ');
    expect(message).toContain('id 1 is "y" in the first and "z" in the second');
  });
});

describe('output folders', () => {
  it('one that exists', async () => {
    mkdirSync(join(folder, 'there'));
    const message = await refusal(LINEAR, { out: join(folder, 'there') });
    expect(message).toContain('already exists; use --overwrite');
  });

  it('one that lmfuse did not make, even with overwrite', async () => {
    mkdirSync(join(folder, 'there'));
    const message = await refusal(LINEAR, { out: join(folder, 'there'), overwrite: true });
    expect(message).toContain('was not made by lmfuse');
    expect(existsSync(join(folder, 'there'))).toBe(true);
  });

  it('an input, or the folder that holds it, even with overwrite', async () => {
    writeFileSync(join(folder, 'a', 'lmfuse.json'), '{}');
    const message = await refusal(LINEAR, { out: join(folder, 'a'), overwrite: true });
    expect(message).toContain('is one of the inputs');
    writeFileSync(join(folder, 'lmfuse.json'), '{}');
    const parent = await refusal(LINEAR, { out: folder, overwrite: true });
    expect(parent).toContain('holds the input');
    expect(existsSync(join(folder, 'a', 'model.safetensors'))).toBe(true);
  });

  it('options that make no sense', async () => {
    expect(await refusal(LINEAR, { threads: -1 })).toContain('threads: -1');
    expect(await refusal(LINEAR, { seed: 0.5 })).toContain('seed: 0.5');
    expect(await refusal(LINEAR, { shardSize: 0 })).toContain('shard size: 0');
  });
});
