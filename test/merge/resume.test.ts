/**
 * Interrupted merges: the same command goes on and ends with the bytes of an undisturbed run, in
 * whatever moment it was stopped; another command starts anew and says so.
 */

import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import { planOutputFolder, publish } from '../../src/merge/run/outputFolder.ts';
import {
  expectNoOutput,
  expectSameFiles,
  generator,
  makeScene,
  mergeOptions,
  refusal,
  type Scene,
  type SceneOptions,
  snapshot,
  tensor,
} from './scene.ts';

const TENSORS = 24;
const JOURNAL = 'out.lmfuse-partial/final/journal.jsonl';

const recipe = (weight = 0.5) => ({
  merge_method: 'dare_ties',
  base_model: 'base',
  models: ['a', 'b'].map((model) => ({ model, parameters: { weight, density: 0.5 } })),
});

function manyTensors(): Scene {
  const scene = makeScene();
  ['base', 'a', 'b'].forEach((name, seed) => {
    writeModel(scene, name, seed);
  });
  return scene;
}

function writeModel(scene: Scene, name: string, seed: number): void {
  const { normal } = generator(seed);
  const tensors = Object.fromEntries(
    Array.from({ length: TENSORS }, (_, i) => [`t${i}`, tensor([16, 31], normal)]),
  );
  scene.model(name, tensors, { 'vocab.txt': 'x\n', 'config.json': { model_type: 'test' } });
}

const STARTED_ANEW = [expect.stringContaining('started anew')];

/** Stops a merge once `count` tasks are done. */
async function stopAfter(
  scene: Scene,
  what: object | string,
  count: number,
  options: SceneOptions = {},
) {
  const controller = new AbortController();
  const { signal } = controller;
  const isReached = () => existsSync(scene.path(JOURNAL)) && doneIn(scene) >= count;
  const stopped = scene.merge(what, { ...options, signal });
  // The tasks of a small merge run in this thread, with a turn of the event loop after each.
  const watch = () =>
    isReached() ? controller.abort() : void (signal.aborted || setImmediate(watch));
  watch();
  await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
  expect(existsSync(scene.path('out'))).toBe(false);
  expect(existsSync(scene.path('out.lmfuse-partial'))).toBe(true);
}

function doneIn(scene: Scene): number {
  return readFileSync(scene.path(JOURNAL), 'utf8').split('"done"').length - 1;
}

describe('the same command goes on', () => {
  it.each([0, 1, 7, TENSORS - 2])('after a stop with %d tensors done', async (count) => {
    const scene = manyTensors();
    await scene.merge(recipe(), { out: 'undisturbed' });
    await stopAfter(scene, recipe(), count);
    const done = doneIn(scene);
    expect(done).toBeGreaterThanOrEqual(count);
    const report = await scene.merge(recipe());
    expect(report).toMatchObject({ resumed: true, warnings: [] });
    expectSameFiles(snapshot(scene.path('out')), snapshot(scene.path('undisturbed')));
    expect(existsSync(scene.path('out.lmfuse-partial'))).toBe(false);
  });
  it('and does not do again what is done', async () => {
    const scene = manyTensors();
    await stopAfter(scene, recipe(), 12);
    const done = doneIn(scene);
    let written = 0;
    await scene.merge(recipe(), {
      onProgress: ({ bytesWritten }) => (written = Math.max(written, bytesWritten)),
    });
    expect(written).toBe((TENSORS - done) * 16 * 31 * 4);
  });
  it('after several stops', async () => {
    const scene = manyTensors();
    await scene.merge(recipe(), { out: 'undisturbed' });
    for (const count of [2, 9, 15]) await stopAfter(scene, recipe(), count);
    expect((await scene.merge(recipe())).resumed).toBe(true);
    expectSameFiles(snapshot(scene.path('out')), snapshot(scene.path('undisturbed')));
  });
  it('with other options that change no byte', async () => {
    const scene = manyTensors();
    await stopAfter(scene, recipe(), 3);
    expect((await scene.merge(recipe(), { threads: 0, noSync: false })).resumed).toBe(true);
  });
  it('in the second stage of a recipe', async () => {
    const scene = manyTensors();
    const mean = (models: string[]) => ({
      merge_method: 'linear',
      models: models.map((model) => ({ model, parameters: { weight: 1 } })),
    });
    const text = [
      JSON.stringify({ name: 'first', ...mean(['a', 'b']) }),
      JSON.stringify(mean(['first', 'base'])),
    ].join('\n---\n');
    await scene.merge(text, { out: 'undisturbed' });
    await stopAfter(scene, text, 5);
    const stage = scene.path('out.lmfuse-partial/stages/first/output/model.safetensors');
    const { ino } = statSync(stage);
    let reusedStage = false;
    const report = await scene.merge(text, {
      onProgress: () => (reusedStage ||= existsSync(stage) && statSync(stage).ino === ino),
    });
    expect(reusedStage).toBe(true);
    expect(report).toMatchObject({ resumed: true, warnings: [] });
    expectSameFiles(snapshot(scene.path('out')), snapshot(scene.path('undisturbed')));
  });
  it('with a torn line in the journal', async () => {
    const scene = manyTensors();
    await scene.merge(recipe(), { out: 'undisturbed' });
    await stopAfter(scene, recipe(), 5);
    appendFileSync(scene.path(JOURNAL), '{"done":2');
    expect((await scene.merge(recipe())).resumed).toBe(true);
    expectSameFiles(snapshot(scene.path('out')), snapshot(scene.path('undisturbed')));
  });
  it.each(['{"done":', '', 'null\n', '[]\n', '{"fingerprint":1}\n'])(
    'but not from a journal that begins with %j',
    async (text) => {
      const scene = manyTensors();
      await stopAfter(scene, recipe(), 5);
      writeFileSync(scene.path(JOURNAL), text);
      expect(await scene.merge(recipe())).toMatchObject({ resumed: false, warnings: STARTED_ANEW });
    },
  );
  it('but not after a restart of the machine', async () => {
    const scene = manyTensors();
    await stopAfter(scene, recipe(), 5);
    const [head, ...lines] = readFileSync(scene.path(JOURNAL), 'utf8').split('\n');
    const other = { ...(JSON.parse(head!) as object), boot: 'another' };
    writeFileSync(scene.path(JOURNAL), [JSON.stringify(other), ...lines].join('\n'));
    expect(await scene.merge(recipe())).toMatchObject({ resumed: false, warnings: STARTED_ANEW });
  });
  it.each(['is gone', 'is cut short'])('but not if a shard %s', async (what) => {
    const scene = manyTensors();
    await scene.merge(recipe(), { out: 'undisturbed' });
    await stopAfter(scene, recipe(), 5);
    const shard = scene.path('out.lmfuse-partial/final/output/model.safetensors');
    if (what === 'is gone') renameSync(shard, scene.path('elsewhere'));
    else truncateSync(shard, 1000);
    expect(await scene.merge(recipe())).toMatchObject({ resumed: false, warnings: STARTED_ANEW });
    expectSameFiles(snapshot(scene.path('out')), snapshot(scene.path('undisturbed')));
  });
});

interface Change {
  readonly recipe?: object;
  readonly options?: SceneOptions;
  readonly spoil?: (scene: Scene) => void;
}

describe('another command starts anew and says so', () => {
  it.each<[string, Change]>([
    ['recipe', { recipe: recipe(0.6) }],
    ['seed', { options: { seed: 1 } }],
    ['dtype', { options: { dtype: 'BF16' } }],
    ['shard size', { options: { shardSize: 5000 } }],
    ['hash', { options: { hash: true } }],
    ['input', { spoil: (scene) => writeModel(scene, 'b', 9) }],
    [
      'input whose time alone is new',
      { spoil: (scene) => utimesSync(scene.path('b/model.safetensors'), 1, 1) },
    ],
    ['file to copy', { spoil: (scene) => scene.write({ 'base/more.txt': 'x' }) }],
  ])('with another %s', async (_what, { recipe: other = recipe(), options = {}, spoil }) => {
    const scene = manyTensors();
    await stopAfter(scene, recipe(), 5);
    spoil?.(scene);
    await scene.merge(other, { ...options, out: 'undisturbed' });
    expect(await scene.merge(other, options)).toMatchObject({
      resumed: false,
      warnings: STARTED_ANEW,
    });
    expectSameFiles(snapshot(scene.path('out')), snapshot(scene.path('undisturbed')));
  });
  it('with other ids in a tokenizer, though the output has the same files', async () => {
    const scene = makeScene();
    const speak = (name: string, vocab: object) => {
      scene.model(
        name,
        Object.fromEntries(
          ['embed_tokens.weight', 'lm_head.weight', 'a.w', 'b.w'].map((key, i) => [
            key,
            tensor([3, 1], [i, 2, 3]),
          ]),
        ),
        {
          'tokenizer.json': {
            version: '1.0',
            added_tokens: [],
            model: { type: 'BPE', vocab, merges: [] },
          },
        },
      );
      utimesSync(scene.path(`${name}/model.safetensors`), 1, 1);
    };
    speak('base', { x: 0, y: 1, z: 2 });
    speak('b', { x: 1, y: 0, z: 2 });
    const what = {
      merge_method: 'linear',
      base_model: 'base',
      models: [{ model: 'b', parameters: { weight: 1 } }],
      tokenizer_source: 'base',
    };
    await stopAfter(scene, what, 2);
    speak('b', { x: 2, y: 0, z: 1 });
    await scene.merge(what, { out: 'undisturbed' });
    expect((await scene.merge(what)).resumed).toBe(false);
    expectSameFiles(snapshot(scene.path('out')), snapshot(scene.path('undisturbed')));
  });
});

describe('one output, one merge', () => {
  it('a second merge of the same process is refused, and the first one ends well', async () => {
    const scene = manyTensors();
    await scene.merge(recipe(), { out: 'undisturbed' });
    const both = await Promise.allSettled([scene.merge(recipe()), scene.merge(recipe())]);
    const refused = both.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatchObject({
      reason: { code: 'bad_input', message: expect.stringContaining('working on the same output') },
    });
    expectSameFiles(snapshot(scene.path('out')), snapshot(scene.path('undisturbed')));
  });
  it.each(['', 'no number', '{"pid":0}', '{"pid":999999999}', '999999999'])(
    'a stale lock (%j) is no obstacle',
    async (text) => {
      const scene = manyTensors();
      scene.write({ 'out.lmfuse-partial/lock': text });
      await scene.merge(recipe());
    },
  );
  it('a living process holds its lock', async () => {
    const scene = manyTensors();
    scene.write({ 'out.lmfuse-partial/lock': JSON.stringify({ pid: process.ppid, startMs: 0 }) });
    expect(await refusal(() => scene.merge(recipe()))).toContain(
      `process ${process.ppid} is working on the same output`,
    );
    expect(existsSync(scene.path('out.lmfuse-partial/lock'))).toBe(true);
  });
});

describe('stops', () => {
  it('before the start leaves no output', async () => {
    const scene = manyTensors();
    await expect(scene.merge(recipe(), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
    expect(existsSync(scene.path('out'))).toBe(false);
    await scene.merge(recipe());
  });
  it('while hashing', async () => {
    const scene = manyTensors();
    const controller = new AbortController();
    const stopped = scene.merge(recipe(), {
      hash: true,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    expect(existsSync(scene.path('out'))).toBe(false);
  });
});

describe('overwrite', () => {
  it('keeps the old folder while it works and when it fails', async () => {
    const scene = manyTensors();
    await scene.merge(recipe());
    const old = snapshot(scene.path('out'));
    const seen: boolean[] = [];
    await scene.merge(recipe(0.7), {
      overwrite: true,
      onProgress: () =>
        seen.push(
          snapshot(scene.path('out'))
            .get('mergekit_config.yml')!
            .equals(old.get('mergekit_config.yml')!),
        ),
    });
    expect(seen).not.toContain(false);
    const current = snapshot(scene.path('out'));
    expect(current.get('model.safetensors')?.equals(old.get('model.safetensors')!)).toBe(false);
    const integers = (last: number) => ({ dtype: 'U8', shape: [1], bytes: Uint8Array.of(last) });
    for (const [i, name] of ['base', 'a', 'b'].entries()) scene.model(name, { n: integers(i) });
    await refusal(() => scene.merge(recipe(), { overwrite: true }));
    expectSameFiles(snapshot(scene.path('out')), current);
    expect(existsSync(scene.path('out.lmfuse-partial'))).toBe(false);
    expect(existsSync(scene.path('out.lmfuse-old'))).toBe(false);
  });
  it('brings the old folder back when the last step fails', async () => {
    const scene = manyTensors();
    await scene.merge(recipe());
    const old = snapshot(scene.path('out'));
    const folder = await planOutputFolder(scene.path('out'), { overwrite: true, inputs: [] });
    await expect(publish(folder, scene.path('absent'), { sync: false })).rejects.toMatchObject({
      code: 'bad_input',
    });
    expectSameFiles(snapshot(scene.path('out')), old);
  });
  it('works after a kill between the two last renames', async () => {
    const scene = manyTensors();
    await scene.merge(recipe());
    renameSync(scene.path('out'), scene.path('out.lmfuse-old'));
    await scene.merge(recipe());
    expect(existsSync(scene.path('out.lmfuse-old'))).toBe(false);
  });
});

it('copies of read-only files can be replaced by the next run', async () => {
  const scene = manyTensors();
  chmodSync(scene.path('base/vocab.txt'), 0o444);
  await stopAfter(scene, recipe(), 3);
  mkdirSync(scene.path('out.lmfuse-partial/final/output'), { recursive: true });
  scene.write({ 'out.lmfuse-partial/final/output/vocab.txt': 'torn' });
  await scene.merge(recipe());
  expect(readFileSync(scene.path('out/vocab.txt'), 'utf8')).toBe('x\n');
  expect(statSync(scene.path('out/vocab.txt')).mode & 0o200).toBe(0o200);
});

it('leaves nothing of a refused merge, nor of its plan', async () => {
  const scene = manyTensors();
  mergeOptions(scene.folder, recipe(), {});
  await refusal(() => scene.merge({ ...recipe(), merge_method: 'tiess' }));
  expectNoOutput(scene);
});
