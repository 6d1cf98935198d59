/**
 * Bad input: one clear sentence that names the subject and both values, and no trace of an output.
 * One test each.
 */

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type MergeOptions, planMergeFile } from '../../src/merge/merge.ts';
import { planStages } from '../../src/merge/run/planStages.ts';
import { runStages } from '../../src/merge/run/runStages.ts';
import {
  expectNoOutput,
  expectSameFiles,
  makeScene,
  mergeOptions,
  rawSafetensors,
  refusal,
  type Scene,
  type SceneOptions,
  safetensors,
  snapshot,
  tensor,
} from './scene.ts';

const FORMATS = join(import.meta.dirname, '../formats');
const LINEAR = {
  merge_method: 'linear',
  models: ['a', 'b'].map((model) => ({ model, parameters: { weight: 0.5 } })),
};
const TIES = { ...LINEAR, merge_method: 'ties', base_model: 'base' };

/** Two models of one tensor, good enough to merge; tests then spoil one thing. */
function twoModels(): Scene {
  const scene = makeScene();
  for (const name of ['a', 'b', 'base']) scene.model(name, { w: tensor([2, 2], [1, 2, 3, 4]) });
  return scene;
}

/** The message of the refusal; nothing may be left of the output. */
async function refused(scene: Scene, recipe: object | string = LINEAR, options: SceneOptions = {}) {
  const message = await refusal(() => scene.merge(recipe, options));
  expectNoOutput(scene);
  expect(message.trim().split('\n'), 'one sentence').toHaveLength(1);
  return message;
}

it('merges the models that the tests below spoil', async () => {
  const scene = twoModels();
  await scene.merge(LINEAR);
  expect(existsSync(scene.path('out/model.safetensors'))).toBe(true);
});

describe('safetensors', () => {
  const spoilt = async (bytes: Uint8Array) => {
    const scene = twoModels();
    scene.write({ 'b/model.safetensors': bytes });
    const message = await refused(scene);
    expect(message).toContain(scene.path('b/model.safetensors'));
    return message;
  };
  const header = (entries: object) => rawSafetensors(JSON.stringify(entries), new Uint8Array(16));
  const w = (begin: number, end: number, shape = [2, 2]) => ({
    dtype: 'F32',
    shape,
    data_offsets: [begin, end],
  });

  it('truncated file', async () => {
    const whole = safetensors({ w: tensor([2, 2], [1, 2, 3, 4]) });
    expect(await spoilt(whole.subarray(0, whole.length - 1))).toMatch(/16.*15|15.*16/);
  });
  it('truncated header', async () => {
    const whole = safetensors({ w: tensor([2, 2], [1, 2, 3, 4]) });
    expect(await spoilt(whole.subarray(0, 20))).toMatch(/header.*\d+.*\d+/);
  });
  it('empty file', async () => {
    expect(await spoilt(new Uint8Array())).toMatch(/0 bytes|bytes.*0/);
  });
  it('header too long', async () => {
    const bytes = new Uint8Array(64);
    new DataView(bytes.buffer).setBigUint64(0, 1n << 60n, true);
    expect(await spoilt(bytes)).toContain('1152921504606846976');
  });
  it('overlapping offsets', async () => {
    expect(await spoilt(header({ w: w(0, 16), v: w(8, 16, [2]) }))).toMatch(/"v".*8.*16|16.*8/);
  });
  it('out-of-range offsets', async () => {
    expect(await spoilt(header({ w: w(0, 32, [2, 4]) }))).toMatch(/32.*16|16.*32/);
  });
  it('duplicate names', async () => {
    const entry = JSON.stringify(w(0, 16));
    expect(
      await spoilt(rawSafetensors(`{"w":${entry},"w":${entry}}`, new Uint8Array(16))),
    ).toContain('"w"');
  });
  it('absurd shapes', async () => {
    expect(await spoilt(header({ w: w(0, 16, [2 ** 40, 2 ** 40]) }))).toContain(
      '[1099511627776, 1099511627776]',
    );
  });
  it('unknown dtype', async () => {
    expect(await spoilt(header({ w: { ...w(0, 16), dtype: 'F12' } }))).toContain('F12');
  });
});

describe('files and folders of a model', () => {
  const shards = (scene: Scene, map: Record<string, string>) => {
    rmSync(scene.path('b/model.safetensors'));
    scene.write({ 'b/model.safetensors.index.json': { weight_map: map } });
  };

  it('missing shard', async () => {
    const scene = twoModels();
    shards(scene, { w: 'model-00001-of-00002.safetensors' });
    expect(await refused(scene)).toContain('model-00001-of-00002.safetensors');
  });
  it('index that names a file outside the folder', async () => {
    const scene = twoModels();
    shards(scene, { w: '../a/model.safetensors' });
    expect(await refused(scene)).toMatch(/"w".*"\.\.\/a\/model\.safetensors"/);
  });
  it('unreadable file', async () => {
    const scene = twoModels();
    rmSync(scene.path('b/model.safetensors'));
    mkdirSync(scene.path('b/model.safetensors'));
    expect(await refused(scene)).toContain(scene.path('b/model.safetensors'));
  });
  it('link that leads nowhere', async () => {
    const scene = twoModels();
    rmSync(scene.path('b/model.safetensors'));
    symlinkSync('nowhere', scene.path('b/model.safetensors'));
    expect(await refused(scene)).toContain(scene.path('b/model.safetensors'));
  });
  it('folder without weights', async () => {
    const scene = twoModels();
    rmSync(scene.path('b/model.safetensors'));
    expect(await refused(scene)).toContain(scene.path('b'));
  });
  it('config that is no JSON', async () => {
    const scene = twoModels();
    scene.write({ 'b/config.json': '{' });
    expect(await refused(scene)).toContain(scene.path('b/config.json'));
  });
  it('model not found', async () => {
    const scene = twoModels();
    scene.write({ 'recipes/.keep': '' });
    const message = await refused(
      scene,
      { ...LINEAR, models: [{ model: 'org/c', parameters: { weight: 1 } }] },
      { cacheFolder: scene.path('cache') },
    );
    for (const place of ['org/c', 'cache/models--org--c'])
      expect(message).toContain(scene.path(place));
    expect(message).toContain('downloading is not supported');
  });
  it('model + adapter', async () => {
    expect(
      await refused(twoModels(), {
        ...LINEAR,
        models: [{ model: 'a+lora', parameters: { weight: 1 } }],
      }),
    ).toMatch(/"a\+lora".*not supported/);
  });
  it('both folders exist and differ', async () => {
    const scene = twoModels();
    cpSync(scene.path('a'), scene.path('recipes/a'), { recursive: true });
    mergeOptions(scene.folder, LINEAR, {});
    cpSync(scene.path('recipe.yml'), scene.path('recipes/recipe.yml'));
    const message = await refused(scene, LINEAR, { recipe: 'recipes/recipe.yml' });
    expect(message).toContain(scene.path('a'));
    expect(message).toContain(scene.path('recipes/a'));
  });
});

describe('tensors that do not fit', () => {
  const pair = (a: Parameters<Scene['model']>[1], b: Parameters<Scene['model']>[1]) => {
    const scene = twoModels();
    scene.model('a', a);
    scene.model('b', b);
    return scene;
  };
  const w = tensor([2, 2], [1, 2, 3, 4]);
  const integers = (...values: number[]) => ({
    dtype: 'I32',
    shape: [values.length],
    bytes: new Uint8Array(new Int32Array(values).buffer),
  });

  it('an integer tensor where another model has floats', async () => {
    const message = await refused(pair({ w: tensor([2], [1, 2]) }, { w: integers(1, 2) }));
    expect(message).toMatch(/"w".*F32 in a.*I32 in b/);
  });
  it('integer tensors that differ', async () => {
    const message = await refused(pair({ w, n: integers(1, 2) }, { w, n: integers(1, 3) }));
    expect(message).toMatch(/"n".*I32.*\ba\b.*\bb\b/);
  });
  it.each([
    ['F8_E4M3', [2], [1, 2], [1, 3]],
    ['F4', [4], [1, 2], [1, 3]],
    ['BOOL', [2], [0, 1], [1, 1]],
    ['C64', [1], [0, 0, 0, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0]],
  ])('%s tensors that differ', async (dtype, shape, left, right) => {
    const opaque = (bytes: number[]) => ({ w: { dtype, shape, bytes: Uint8Array.from(bytes) } });
    const message = await refused(pair(opaque(left), opaque(right)));
    expect(message).toMatch(new RegExp(`"w": ${dtype} values.*\\ba and b differ`));
  });
  it('a shape mismatch', async () => {
    const message = await refused(pair({ w }, { w: tensor([2, 3], [1, 2, 3, 4, 5, 6]) }));
    expect(message).toMatch(/"w".*\[2, 2\] in a.*\[2, 3\] in b/);
  });
  it('a missing tensor', async () => {
    expect(await refused(pair({ w, v: w }, { w }))).toMatch(/"v".*missing in b/);
  });
  it('a base whose shapes the output would not have', async () => {
    const scene = pair({ w }, { w });
    scene.model('base', { w: tensor([3], [1, 2, 3]) });
    expect(await refused(scene, { ...LINEAR, base_model: 'base' })).toMatch(
      /"w".*\[3\] in base.*\[2, 2\] in a|\[2, 2\] in a.*\[3\] in base/,
    );
  });
  it('one stored tensor for two of the output', async () => {
    const scene = pair({ 'x.layer.w': w, 'y.layer.w': w }, { 'layer.w': w });
    expect(await refused(scene)).toMatch(/layer\.w.*x\.layer\.w.*y\.layer\.w/);
  });
  it('quantized weights', async () => {
    const scene = twoModels();
    scene.write({ 'b/config.json': { quantization_config: { quant_method: 'gptq' } } });
    expect(await refused(scene)).toMatch(/^b: .*gptq/);
  });
  it('different vocabularies without a plan for the tokenizer', async () => {
    const scene = twoModels();
    const vocabulary = (vocab: object) => ({
      'tokenizer.json': { model: { type: 'WordLevel', vocab }, added_tokens: [] },
    });
    scene.model('a', { 'embed_tokens.weight': w }, vocabulary({ x: 0, y: 1 }));
    scene.model('b', { 'embed_tokens.weight': w }, vocabulary({ x: 0, z: 1 }));
    expect(await refused(scene)).toMatch(/\ba\b.*\bb\b.*tokenizer/);
  });
  it('a base with another vocabulary, whose tokenizer the output would get', async () => {
    const scene = twoModels();
    const vocabulary = (vocab: object) => ({
      'tokenizer.json': { model: { type: 'WordLevel', vocab }, added_tokens: [] },
    });
    for (const name of ['a', 'b'])
      scene.model(name, { 'embed_tokens.weight': w }, vocabulary({ x: 0, y: 1 }));
    scene.model('base', { 'embed_tokens.weight': w }, vocabulary({ y: 0, x: 1 }));
    expect(await refused(scene, { ...LINEAR, base_model: 'base' })).toMatch(
      /base.*\ba\b.*tokenizer/,
    );
  });
});

describe('recipes', () => {
  const withMethod = (merge_method: string, more: object = {}) => ({
    ...TIES,
    merge_method,
    ...more,
  });

  it('unknown method', async () => {
    expect(await refused(twoModels(), withMethod('tiess'))).toMatch(/recipe\.yml.*"tiess".*"ties"/);
  });
  it('unknown parameter', async () => {
    const models = [{ model: 'a', parameters: { weight: 1, densty: 1 } }];
    expect(await refused(twoModels(), withMethod('ties', { models }))).toMatch(
      /recipe\.yml.*"densty".*"density"/,
    );
  });
  it('unknown key', async () => {
    expect(await refused(twoModels(), withMethod('ties', { merge_mehtod: 1 }))).toMatch(
      /merge_mehtod.*"merge_method"/,
    );
  });
  it('a parameter of another method is only noted', async () => {
    const scene = twoModels();
    const report = await scene.merge({ ...TIES, parameters: { t: 0.5 } });
    expect(report.stages[0]?.notes).toContainEqual(expect.stringMatching(/"t".*ties/));
  });
  it('a parameter that is needed and not given', async () => {
    expect(await refused(twoModels(), withMethod('ties', { models: [{ model: 'a' }] }))).toMatch(
      /ties.*\ba\b.*"weight"/,
    );
  });
  it('a parameter of the wrong type', async () => {
    const models = [{ model: 'a', parameters: { weight: 'much' } }];
    expect(await refused(twoModels(), withMethod('ties', { models }))).toMatch(
      /"weight".*"much".*number/,
    );
  });
  it.each([
    ['ties', 'density', 1.5],
    ['dare_linear', 'density', -0.1],
    ['breadcrumbs', 'gamma', 2],
  ])('%s: %s beyond its range', async (method, parameter, value) => {
    const models = [{ model: 'a', parameters: { weight: 1, [parameter]: value } }];
    expect(await refused(twoModels(), withMethod(method, { models }))).toMatch(
      new RegExp(`${parameter}.*${value}`),
    );
  });
  it('della: keep probabilities beyond (0, 1)', async () => {
    const models = [{ model: 'a', parameters: { weight: 1, density: 0.9, epsilon: 0.2 } }];
    expect(await refused(twoModels(), withMethod('della', { models }))).toMatch(/0\.9.*0\.2/);
  });
  it('sce: select_topk beyond its range', async () => {
    expect(
      await refused(twoModels(), withMethod('sce', { parameters: { select_topk: 2 } })),
    ).toMatch(/select_topk.*2/);
  });

  const cancelling = [
    { model: 'a', parameters: { weight: 0.5 } },
    { model: 'b', parameters: { weight: -0.5 } },
  ];
  it.each(['linear', 'multislerp'])(
    '%s: weights that sum to zero under normalize',
    async (merge_method) => {
      expect(await refused(twoModels(), { merge_method, models: cancelling })).toMatch(
        /"w".*\[0\.5, -0\.5\] sum to 0/,
      );
    },
  );
  it.each(['linear', 'multislerp'])('%s: such weights without normalize', async (merge_method) => {
    const parameters = { normalize: false, normalize_weights: false };
    await twoModels().merge({ merge_method, models: cancelling, parameters });
  });
  it('nuslerp: weights that sum to zero are halves', async () => {
    const scene = twoModels();
    await scene.merge({ merge_method: 'nuslerp', models: cancelling });
  });
  it.each(['task_arithmetic', 'dare_linear', 'della_linear', 'breadcrumbs'])(
    '%s: weights that sum to zero are noted',
    async (method) => {
      const report = await twoModels().merge(
        withMethod(method, { models: cancelling, parameters: { normalize: true } }),
      );
      expect(report.stages[0]?.notes).toContainEqual(expect.stringMatching(/sum to 0/));
    },
  );

  const NEED_BASE = [
    'slerp',
    'task_arithmetic',
    'ties',
    'dare_linear',
    'dare_ties',
    'della',
    'della_linear',
    'breadcrumbs',
    'breadcrumbs_ties',
    'sce',
    'ram',
    'ramplus_tl',
    'model_stock',
    'nearswap',
    'arcee_fusion',
  ];
  it.each(NEED_BASE)('%s: base model not given', async (merge_method) => {
    expect(await refused(twoModels(), { ...LINEAR, merge_method, parameters: { t: 0.5 } })).toMatch(
      new RegExp(`${merge_method}.*base_model`),
    );
  });
  it.each([
    ['slerp', ['base'], /slerp takes 2 models, the base included, not 1/],
    ['slerp', ['a', 'b'], /slerp takes 2 models, the base included, not 3/],
    ['nuslerp', ['a'], /nuslerp takes 2 models besides the base, not 1/],
    ['multislerp', ['a'], /multislerp takes 2 or more models besides the base, not 1/],
    ['karcher', ['a'], /karcher takes 2 or more models, not 1/],
    ['model_stock', ['a'], /model_stock takes 2 or more models besides the base, not 1/],
    ['nearswap', ['a', 'b'], /nearswap takes 1 model besides the base, not 2/],
    ['arcee_fusion', ['a', 'b'], /arcee_fusion takes 1 model besides the base, not 2/],
    ['passthrough', ['a', 'b'], /passthrough takes 1 model, not 2/],
    ['ties', ['base'], /ties takes 1 or more models besides the base, not 0/],
  ])('%s of %j: wrong number of models', async (method, names, message) => {
    const models = names.map((model) => ({ model, parameters: { weight: 1 } }));
    expect(
      await refused(twoModels(), withMethod(method, { models, parameters: { t: 0.5 } })),
    ).toMatch(message);
  });
  it('a layer range beyond the model', async () => {
    const scene = twoModels();
    const config = { 'config.json': { num_hidden_layers: 2 } };
    scene.model('a', { 'layers.0.w': tensor([1], [1]), 'layers.1.w': tensor([1], [1]) }, config);
    const slices = [{ sources: [{ model: 'a', layer_range: [1, 5] }] }];
    expect(await refused(scene, { merge_method: 'passthrough', slices })).toMatch(
      /slice 1.*1 to 5.*\ba\b.*2/,
    );
  });
  it('a recipe that is not there', async () => {
    expect(await refused(twoModels(), LINEAR, { recipe: 'absent.yml' })).toContain('absent.yml');
  });
});

describe('output folders', () => {
  it('one that exists', async () => {
    const scene = twoModels();
    scene.write({ 'out/precious.txt': 'mine' });
    expect(await refusal(() => scene.merge(LINEAR))).toMatch(/out: already exists.*--overwrite/);
    expect([...snapshot(scene.path('out')).keys()]).toEqual(['precious.txt']);
  });
  it('one without our record, in spite of --overwrite', async () => {
    const scene = twoModels();
    scene.write({ 'out/precious.txt': 'mine' });
    expect(await refusal(() => scene.merge(LINEAR, { overwrite: true }))).toMatch(
      /out: .*not made by lmfuse/,
    );
    expect([...snapshot(scene.path('out')).keys()]).toEqual(['precious.txt']);
  });
  it('a file', async () => {
    const scene = twoModels();
    scene.write({ out: 'mine' });
    for (const overwrite of [false, true]) await refusal(() => scene.merge(LINEAR, { overwrite }));
    expect(readFileSync(scene.path('out'), 'utf8')).toBe('mine');
  });
  it('a link that leads nowhere', async () => {
    const scene = twoModels();
    symlinkSync('nowhere', scene.path('out'));
    expect(await refusal(() => scene.merge(LINEAR))).toMatch(/out: already exists/);
  });
  it.each(['b', 'models', 'link'])('an input or a folder that holds one: %s', async (out) => {
    const scene = twoModels();
    cpSync(scene.path('a'), scene.path('models/a'), { recursive: true });
    cpSync(scene.path('b'), scene.path('models/b'), { recursive: true });
    symlinkSync('models', scene.path('link'));
    scene.write({ 'models/lmfuse.json': {}, 'b/lmfuse.json': {} });
    const models = ['models/a', 'b'].map((model) => ({ model, parameters: { weight: 1 } }));
    const before = snapshot(scene.folder);
    before.delete('recipe.yml');
    const message = await refusal(() =>
      scene.merge({ ...LINEAR, models }, { out, overwrite: true }),
    );
    expect(message).toMatch(/input/);
    const after = snapshot(scene.folder);
    after.delete('recipe.yml');
    expectSameFiles(after, before);
  });
  it.each(['a/out', 'a/deep/out'])('a folder inside an input: %s', async (out) => {
    const scene = twoModels();
    expect(await refusal(() => scene.merge(LINEAR, { out }))).toMatch(/lies inside the input .*a;/);
    expect([...snapshot(scene.path('a')).keys()]).toEqual(['model.safetensors']);
  });
  it('one whose work folder is an input', async () => {
    const scene = twoModels();
    cpSync(scene.path('a'), scene.path('x.lmfuse-partial/a'), { recursive: true });
    const models = ['x.lmfuse-partial/a', 'b'].map((model) => ({
      model,
      parameters: { weight: 1 },
    }));
    expect(await refusal(() => scene.merge({ ...LINEAR, models }, { out: 'x' }))).toMatch(
      /x\.lmfuse-partial/,
    );
    expect(existsSync(scene.path('x.lmfuse-partial/a/model.safetensors'))).toBe(true);
  });
  it('below a file', async () => {
    const scene = twoModels();
    expect(await refusal(() => scene.merge(LINEAR, { out: 'recipe.yml/out' }))).toContain(
      'recipe.yml/out',
    );
  });
});

it.each([
  [{ threads: -1 }, 'threads: -1'],
  [{ seed: 0.5 }, 'seed: 0.5'],
  [{ shardSize: 0 }, 'shard size: 0'],
])('options that make no sense: %j', async (options, words) => {
  expect(await refused(twoModels(), LINEAR, options)).toContain(words);
});

describe('files that change', () => {
  it.each(['a longer one', 'a later one'])('%s between plan and run', async (change) => {
    const scene = twoModels();
    const options = mergeOptions(scene.folder, LINEAR, {});
    const planned = await planStages(options);
    const path = scene.path('b/model.safetensors');
    if (change === 'a longer one')
      writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(4)]));
    else utimesSync(path, new Date(), new Date(0));
    const message = await refusal(() => runStages(planned, options));
    expect(message).toMatch(/b\/model\.safetensors.*changed/);
    expectNoOutput(scene);
  });
  it('a file that disappears between plan and run', async () => {
    const scene = twoModels();
    const options = mergeOptions(scene.folder, LINEAR, {});
    const planned = await planStages(options);
    rmSync(scene.path('b/model.safetensors'));
    expect(await refusal(() => runStages(planned, options))).toContain('b/model.safetensors');
    expectNoOutput(scene);
  });
  it('a file to copy that disappears between plan and run', async () => {
    const scene = twoModels();
    scene.write({ 'a/notes.txt': 'x' });
    const options = mergeOptions(scene.folder, LINEAR, {});
    const planned = await planStages(options);
    rmSync(scene.path('a/notes.txt'));
    expect(await refusal(() => runStages(planned, options))).toContain('a/notes.txt');
    expectNoOutput(scene);
  });
});

describe('a full disk', () => {
  /** A file system of its own, of so many MiB; undefined where that takes more rights. */
  const smallDisk = (scene: Scene, size: number): string | undefined => {
    const path = scene.path('disk');
    mkdirSync(path);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}m`, 'lmfuse-test', path], {
        stdio: 'ignore',
      });
    } catch {
      return undefined;
    }
    onTestFinished(() => void execFileSync('umount', ['-l', path]));
    return path;
  };
  const REASON = 'mounting a small disk needs rights that this process does not have';
  const bigModels = () => {
    const scene = makeScene();
    for (const name of ['a', 'b']) scene.model(name, { w: tensor([1024, 2048], () => 1) });
    return scene;
  };
  const fill = (disk: string, leave: number) => {
    const blocks = execFileSync('df', ['--output=avail', '-B1', disk]).toString().split('\n')[1];
    writeFileSync(join(disk, 'filler'), Buffer.alloc(Number(blocks) - leave));
  };

  it('is seen in the plan', async (context) => {
    const scene = bigModels();
    const disk = smallDisk(scene, 4);
    if (!disk) return context.skip(REASON);
    const message = await refusal(() => scene.merge(LINEAR, { out: 'disk/out' }));
    expect(message).toMatch(/disk\/out.*needs [\d.]+ GB.*[\d.]+ GB are free/);
    expectNoOutput(scene, 'disk/out');
    const options: MergeOptions = mergeOptions(scene.folder, LINEAR, { out: 'disk/out' });
    expect((await planMergeFile(options)).warnings).toEqual([message]);
  });
  it.for([
    ['the weights', 0, 1 << 20],
    ['the weights, on a thread', 1, 1 << 20],
    ['the journal', 0, 4096],
    ['other files', 0, (8 << 20) + 65536],
  ] as const)('is met while writing %s', async ([, threads, leave], context) => {
    const scene = bigModels();
    scene.write({ 'a/notes.txt': 'x'.repeat(100_000) });
    const disk = smallDisk(scene, 96);
    if (!disk) return context.skip(REASON);
    const options = mergeOptions(scene.folder, LINEAR, { out: 'disk/out', threads, noSync: false });
    const planned = await planStages(options);
    fill(disk, leave);
    const message =
      threads === 0
        ? await refusal(() => runStages(planned, options))
        : await refusal(() => runBuilt(options, disk, leave));
    expect(message).toMatch(/disk\/out.*full/);
    expectNoOutput(scene, 'disk/out');
  });

  /** Threads run the built package only. */
  async function runBuilt(options: MergeOptions, disk: string, leave: number): Promise<unknown> {
    rmSync(join(disk, 'filler'));
    const built = '../../dist/merge/run/';
    const { planStages: plan } = (await import(
      `${built}planStages.js`
    )) as typeof import('../../src/merge/run/planStages.ts');
    const { runStages: run } = (await import(
      `${built}runStages.js`
    )) as typeof import('../../src/merge/run/runStages.ts');
    const planned = await plan(options);
    fill(disk, leave);
    return run(planned, options);
  }
});

describe('hostile files as models of a recipe', () => {
  const expected = JSON.parse(
    readFileSync(join(FORMATS, 'hostile/expected.json'), 'utf8'),
  ) as Record<string, string>;
  const names = Object.keys(expected).filter((name) => !/\.gguf$/.test(name));
  const hostile = names.filter((name) => name !== 'control_ok.bin');

  it.each(hostile)('%s', async (name) => {
    const scene = twoModels();
    cpSync(
      join(FORMATS, 'hostile', name),
      scene.path(name.endsWith('.pkl') ? `${name}.bin` : name),
    );
    const model = name.endsWith('.pkl') ? `${name}.bin` : name;
    const message = await refused(scene, { merge_method: 'passthrough', models: [{ model }] });
    expect(message).toContain(scene.path(model));
    expect(existsSync('pwned.txt')).toBe(false);
    expect(existsSync(scene.path('pwned.txt'))).toBe(false);
  });
  it('control_ok.bin', async () => {
    const scene = twoModels();
    cpSync(join(FORMATS, 'hostile/control_ok.bin'), scene.path('control_ok.bin'));
    await scene.merge({ merge_method: 'passthrough', models: [{ model: 'control_ok.bin' }] });
  });
});
