/** The output folder: what it holds, and that the same merge always gives the same bytes. */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/checkpoint/open.ts';
import { planMergeFile } from '../../src/merge/merge.ts';
import {
  expectSameFiles,
  generator,
  makeScene,
  mergeOptions,
  readFolder,
  type Scene,
  snapshot,
  tensor,
} from './scene.ts';

const DARE = {
  merge_method: 'dare_linear',
  base_model: 'base',
  models: ['a', 'b'].map((model) => ({ model, parameters: { weight: 0.5, density: 0.5 } })),
};

function threeModels(): Scene {
  const scene = makeScene();
  ['base', 'a', 'b'].forEach((name, seed) => {
    const { normal } = generator(seed);
    const tensors = Object.fromEntries(
      Array.from({ length: 6 }, (_, i) => [`layers.${i}.w`, tensor([8, 33], normal)]),
    );
    scene.model(
      name,
      { ...tensors, half: tensor([3], normal, 'F16') },
      {
        'config.json': { num_hidden_layers: 6, model_type: name },
        'vocab.txt': 'x\ny\n',
        'nested/notes.txt': `of ${name}`,
        'README.md': 'of the parent',
        '.gitattributes': '*',
        'optimizer.bin': 'never copied',
      },
    );
  });
  return scene;
}

const textOf = (scene: Scene, name: string) => readFileSync(scene.path(name), 'utf8');

describe('files', () => {
  it('are those of the base, and what the merge adds', async () => {
    const scene = threeModels();
    await scene.merge(DARE);
    const files = snapshot(scene.path('out'));
    expect([...files.keys()]).toEqual([
      'README.md',
      'config.json',
      'lmfuse.json',
      'mergekit_config.yml',
      'model.safetensors',
      'nested/notes.txt',
      'vocab.txt',
    ]);
    expect(files.get('nested/notes.txt')?.toString()).toBe('of base');
    expect(files.get('mergekit_config.yml')?.toString()).toBe(textOf(scene, 'recipe.yml'));
    expect(JSON.parse(files.get('config.json')!.toString())).toMatchObject({
      model_type: 'base',
      torch_dtype: 'float32',
    });
    expect(readFileSync(scene.path('out/model.safetensors')).subarray(8, 60).toString()).toContain(
      '"__metadata__":{"format":"pt"}',
    );
  });
  it('name parents, method, and each input with its size and the SHA-256 of its header', async () => {
    const scene = threeModels();
    await scene.merge(DARE);
    const bytes = readFileSync(scene.path('a/model.safetensors'));
    const { files } = await openCheckpoint(scene.path('a'), 'a');
    const record = JSON.parse(textOf(scene, 'out/lmfuse.json')) as {
      inputs: { model: string; files: object[] }[];
      method: string;
    };
    expect(record.method).toBe('dare_linear');
    expect(record.inputs.map(({ model }) => model)).toEqual(['base', 'a', 'b']);
    expect(record.inputs[1]?.files).toEqual([
      { name: 'model.safetensors', size: bytes.length, header_sha256: files[0]?.headerSha256 },
    ]);
    const card = textOf(scene, 'out/README.md');
    for (const words of ['dare_linear', '| a |', String(bytes.length), files[0]!.headerSha256])
      expect(card).toContain(words);
  });
  it('hold the SHA-256 of all contents if asked', async () => {
    const scene = threeModels();
    await scene.merge(DARE, { hash: true });
    for (const name of ['base', 'a', 'b']) {
      const sha256 = createHash('sha256')
        .update(readFileSync(scene.path(`${name}/model.safetensors`)))
        .digest('hex');
      expect(textOf(scene, 'out/lmfuse.json')).toContain(sha256);
      expect(textOf(scene, 'out/README.md')).toContain(sha256);
    }
  });
  it('hold no absolute path, also when the recipe does', async () => {
    const scene = threeModels();
    const recipe = {
      ...DARE,
      base_model: scene.path('base'),
      models: DARE.models.map(({ model, parameters }) => ({
        model: scene.path(model),
        parameters,
      })),
    };
    await scene.merge(recipe, { out: scene.path('out'), recipe: scene.path('recipe.yml') });
    for (const [name, bytes] of snapshot(scene.path('out'))) {
      expect(bytes.includes(scene.folder), name).toBe(false);
    }
    expect(JSON.parse(textOf(scene, 'out/lmfuse.json'))).toMatchObject({ base_model: 'base' });
  });
  it('hold no time and no thread count', async () => {
    const scene = threeModels();
    await scene.merge(DARE, { threads: 0 });
    const year = String(new Date().getFullYear());
    for (const name of ['README.md', 'lmfuse.json', 'config.json']) {
      expect(textOf(scene, `out/${name}`), name).not.toMatch(
        new RegExp(`thread|second|\\b${year}-|T\\d\\d:\\d\\d`),
      );
    }
  });
});

describe('bytes', () => {
  it('are the same when the merge is run twice, also elsewhere', async () => {
    const [here, there] = [threeModels(), threeModels()];
    await here.merge(DARE);
    await here.merge(DARE, { out: 'again' });
    await there.merge(DARE);
    expectSameFiles(snapshot(here.path('again')), snapshot(here.path('out')));
    expectSameFiles(snapshot(there.path('out')), snapshot(here.path('out')));
  });
  it('of tensors are the same in shards of any size', async () => {
    const scene = threeModels();
    await scene.merge(DARE);
    const expected = readFolder(scene.path('out'));
    for (const shardSize of [1, 2000, 3000]) {
      const out = `out${shardSize}`;
      await scene.merge(DARE, { out, shardSize });
      const actual = readFolder(scene.path(out));
      expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
      for (const [name, { bytes }] of expected)
        expect(Buffer.from(bytes).equals(actual.get(name)!.bytes), name).toBe(true);
    }
  });
  it('change with the seed', async () => {
    const scene = threeModels();
    await scene.merge(DARE);
    await scene.merge(DARE, { out: 'other', seed: 1 });
    expect(
      readFileSync(scene.path('other/model.safetensors')).equals(
        readFileSync(scene.path('out/model.safetensors')),
      ),
    ).toBe(false);
  });
});

describe('shards', () => {
  it('have an index that names every tensor, its shard, and the total size', async () => {
    const scene = threeModels();
    const report = await scene.merge(DARE, { shardSize: 2500 });
    const names = readdirSync(scene.path('out'))
      .filter((name) => name.endsWith('.safetensors'))
      .sort();
    expect(names).toEqual(
      Array.from({ length: 3 }, (_, i) => `model-0000${i + 1}-of-00003.safetensors`),
    );
    const index = JSON.parse(textOf(scene, 'out/model.safetensors.index.json')) as {
      metadata: { total_size: number };
      weight_map: Record<string, string>;
    };
    const tensors = readFolder(scene.path('out'));
    expect(Object.keys(index.weight_map).sort()).toEqual([...tensors.keys()].sort());
    expect(index.metadata.total_size).toBe(
      [...tensors.values()].reduce((sum, { bytes }) => sum + bytes.length, 0),
    );
    expect(report.stages[0]?.shards).toEqual(
      names.map((name) => ({ name, byteLength: statSync(scene.path(`out/${name}`)).size })),
    );
    const opened = await openCheckpoint(scene.path('out'), 'out');
    expect(opened.tensors.size).toBe(tensors.size);
  });
});

describe('the plan', () => {
  it('says what the merge then does, and writes nothing', async () => {
    const scene = threeModels();
    const options = mergeOptions(scene.folder, DARE, { shardSize: 2500 });
    const before = snapshot(scene.folder);
    const { stages } = await planMergeFile(options);
    expectSameFiles(snapshot(scene.folder), before);
    expect(existsSync(scene.path('out.lmfuse-partial'))).toBe(false);
    const { freeBytes: _, ...planned } = stages[0]!;
    const report = await scene.merge(DARE, { shardSize: 2500 });
    expect(report.stages[0]).toMatchObject(planned);
    const bytes = 6 * 8 * 33 * 4 + 3 * 2;
    expect(planned.bytesToRead).toBe(3 * bytes);
    expect(planned).toMatchObject({
      method: 'dare_linear',
      tensors: 7,
      parameters: 6 * 8 * 33 + 3,
      layers: 6,
    });
  });
  it('reports progress up to the whole', async () => {
    const scene = threeModels();
    const phases = new Set<string>();
    let last = { doneBytes: 0, totalBytes: -1 };
    await scene.merge(DARE, {
      hash: true,
      onProgress(progress) {
        phases.add(progress.phase);
        expect(progress.doneBytes).toBeLessThanOrEqual(progress.totalBytes);
        if (progress.phase !== 'hash') last = progress;
      },
    });
    expect([...phases]).toEqual(expect.arrayContaining(['hash', 'sync', 'finish']));
    expect(last.totalBytes).toBeGreaterThan(0);
  });
});
