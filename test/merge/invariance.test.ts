/**
 * The bytes of an output depend on recipe, inputs and seed alone: not on threads, not on the chunks
 * that a tensor is read in, not on an interruption. Runs the built package, whose workers are real.
 */

import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as Library from '../../src/index.ts';
import { MERGE_METHODS } from '../../src/merge/method/registry.ts';
import { f32, scratchFolder, writeModel, writeRecipe } from './scratch.ts';

const PACKAGE = join(import.meta.dirname, '../../dist/index.js');
const { merge } = (await import(PACKAGE)) as typeof Library;

const { path: folder, remove } = scratchFolder();
afterAll(remove);

/** More than one chunk and more than one task, and rows that fill no whole number of tiles. */
const SHAPE = [450, 2500];
const LONG = [17_000_000];

beforeAll(() => {
  ['base', 'a', 'b', 'c'].forEach((name, seed) => {
    writeModel(join(folder, name), {
      matrix: f32(SHAPE, noise(SHAPE[0]! * SHAPE[1]!, seed)),
      vector: f32([777], noise(777, seed + 10)),
      scalar: f32([], [seed]),
    });
  });
});

/** Deterministic, rough, with many equal magnitudes. */
function noise(count: number, seed: number): Float32Array {
  let state = seed * 2654435761 + 12345;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 20) - 2048) / 4096;
  });
}

const PARAMETERS: Readonly<Record<string, string>> = {
  ties: '{weight: 0.5, density: 0.4}',
  dare_linear: '{weight: 0.5, density: 0.4}',
  dare_ties: '{weight: 0.5, density: 0.4}',
  della: '{weight: 0.5, density: 0.4}',
  della_linear: '{weight: 0.5, density: 0.4}',
  breadcrumbs: '{weight: 0.5, density: 0.6, gamma: 0.05}',
  breadcrumbs_ties: '{weight: 0.5, density: 0.6, gamma: 0.05}',
};
const GLOBALS: Readonly<Record<string, string>> = {
  slerp: '{t: 0.3}',
  nearswap: '{t: 0.05}',
  sce: '{select_topk: 0.3}',
  ties: '{rescale: true}',
  breadcrumbs: '{rescale: true}',
};

function recipeFor(name: string): string {
  const method = MERGE_METHODS.find((candidate) => candidate.name === name)!;
  const models = ['a', 'b', 'c'].slice(0, method.inputs.max ?? 3);
  const own = method.base === 'endpoint' ? ['a'] : models;
  return [
    `merge_method: ${name}`,
    ...(method.base === 'none' ? [] : ['base_model: base']),
    ...(GLOBALS[name] ? [`parameters: ${GLOBALS[name]}`] : []),
    'models:',
    ...own.flatMap((model) => [
      `- model: ${model}`,
      ...('weight' in method.modelParameters
        ? [`  parameters: ${PARAMETERS[name] ?? '{weight: 0.5}'}`]
        : []),
    ]),
  ].join('\n');
}

function weights(out: string): Buffer {
  return readFileSync(join(out, 'model.safetensors'));
}

describe('a listener that throws', () => {
  it.each([0, 2])('ends the merge with its own error, on %i threads', async (threads) => {
    const recipe = writeRecipe(folder, recipeFor('della'), 'listener.yml');
    const onProgress = () => {
      throw new Error('the caller is at fault');
    };
    const run = merge({ recipe, out: join(folder, 'listener'), threads, onProgress });
    await expect(run).rejects.toThrow('the caller is at fault');
    expect(existsSync(join(folder, 'listener'))).toBe(false);
  });
});

describe('threads', () => {
  it.each(MERGE_METHODS.map(({ name }) => name))('%s', async (name) => {
    const recipe = writeRecipe(folder, recipeFor(name), `${name}.yml`);
    const outputs: Buffer[] = [];
    for (const threads of [0, 1, 3]) {
      const out = join(folder, `${name}-${threads}`);
      await merge({ recipe, out, threads, currentFolder: folder, noSync: true });
      outputs.push(weights(out));
      expect(readdirSync(out).sort()).toEqual([
        'README.md',
        'lmfuse.json',
        'mergekit_config.yml',
        'model.safetensors',
      ]);
    }
    expect(outputs[1]!.equals(outputs[0]!)).toBe(true);
    expect(outputs[2]!.equals(outputs[0]!)).toBe(true);
  });

  it('another seed draws other elements, the same seed the same', async () => {
    const recipe = writeRecipe(folder, recipeFor('dare_linear'), 'seeded.yml');
    const outputs: Buffer[] = [];
    for (const [i, seed] of [1, 1, 2].entries()) {
      const out = join(folder, `seeded-${i}`);
      await merge({ recipe, out, seed, currentFolder: folder });
      outputs.push(weights(out));
    }
    expect(outputs[1]!.equals(outputs[0]!)).toBe(true);
    expect(outputs[2]!.equals(outputs[0]!)).toBe(false);
  });
});

describe('interruptions', () => {
  const recipe = `merge_method: ties\nbase_model: big0\nmodels:\n- model: big1\n  parameters: {weight: 1, density: 0.5}\n`;
  const undisturbed = join(folder, 'undisturbed');
  let file = '';

  beforeAll(async () => {
    for (const seed of [0, 1]) {
      const tensors = Object.fromEntries(
        Array.from({ length: 12 }, (_, i) => [
          `t${i}`,
          f32([1_000_000], noise(1_000_000, seed + i)),
        ]),
      );
      writeModel(join(folder, `big${seed}`), { ...tensors });
    }
    file = writeRecipe(folder, recipe, 'big.yml');
    await merge({ recipe: file, out: undisturbed, currentFolder: folder, threads: 2 });
  });

  it('a stop keeps what is done, and the same command goes on', async () => {
    const out = join(folder, 'stopped');
    const controller = new AbortController();
    const stopped = merge({
      recipe: file,
      out,
      currentFolder: folder,
      threads: 2,
      signal: controller.signal,
      onProgress: ({ doneBytes }) => {
        if (doneBytes > 0) controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    expect(existsSync(out)).toBe(false);
    expect(existsSync(`${out}.lmfuse-partial`)).toBe(true);
    // A line that a kill tore apart says nothing.
    appendFileSync(join(`${out}.lmfuse-partial`, 'final', 'journal.jsonl'), '{"do');
    const report = await merge({ recipe: file, out, currentFolder: folder, threads: 1 });
    expect(report.resumed).toBe(true);
    expect(weights(out).equals(weights(undisturbed))).toBe(true);
    expect(existsSync(`${out}.lmfuse-partial`)).toBe(false);
  });

  it('remains of another merge are not used, and the user is told', async () => {
    const out = join(folder, 'other');
    const controller = new AbortController();
    controller.abort();
    const options = { recipe: file, out, currentFolder: folder, threads: 1 };
    mkdirSync(join(`${out}.lmfuse-partial`, 'final'), { recursive: true });
    writeFileSync(join(`${out}.lmfuse-partial`, 'final', 'journal.jsonl'), '{"fingerprint":"x"}\n');
    await expect(merge({ ...options, signal: controller.signal })).rejects.toMatchObject({
      code: 'aborted',
    });
    const report = await merge({ ...options, seed: 5 });
    expect(report.resumed).toBe(false);
    expect(report.warnings.join()).toContain('started anew');
    expect(weights(out).equals(weights(undisturbed))).toBe(true);
  });

  it('kill -9 in the data phase, then the same command', async () => {
    const out = join(folder, 'killed');
    const script = `import { merge } from ${JSON.stringify(PACKAGE)};
      await merge({ recipe: ${JSON.stringify(file)}, out: ${JSON.stringify(out)},
        currentFolder: ${JSON.stringify(folder)}, threads: 2,
        onProgress: ({ doneBytes }) => { if (doneBytes > 0) console.log('data'); } });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    expect(existsSync(out)).toBe(false);
    const again = spawnSync(process.execPath, ['--input-type=module', '-e', script]);
    expect(again.status).toBe(0);
    expect(weights(out).equals(weights(undisturbed))).toBe(true);
  });

  it('two processes do not work on one output', async () => {
    const out = join(folder, 'locked');
    mkdirSync(`${out}.lmfuse-partial`);
    const holder = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    writeFileSync(join(`${out}.lmfuse-partial`, 'lock'), JSON.stringify({ pid: holder.pid }));
    const options = { recipe: file, out, currentFolder: folder, threads: 0 };
    await expect(merge(options)).rejects.toThrow(
      `process ${holder.pid} is working on the same output`,
    );
    holder.kill();
    await new Promise((resolve) => holder.once('exit', resolve));
    await setTimeout(10);
    await merge(options);
    expect(weights(out).equals(weights(undisturbed))).toBe(true);
  });

  it('overwrite keeps the old folder until the new one is complete', async () => {
    const out = join(folder, 'replaced');
    await merge({ recipe: file, out, currentFolder: folder, threads: 0 });
    const broken = writeRecipe(folder, recipe.replace('big1', 'missing'), 'broken.yml');
    const failing = merge({ recipe: broken, out, currentFolder: folder, overwrite: true });
    await expect(failing).rejects.toMatchObject({ code: 'bad_input' });
    expect(weights(out).equals(weights(undisturbed))).toBe(true);
    const linear = writeRecipe(
      folder,
      'merge_method: linear\nmodels: [{model: big1, parameters: {weight: 1}}]',
      'one.yml',
    );
    await merge({ recipe: linear, out, currentFolder: folder, overwrite: true });
    expect(weights(out).equals(weights(undisturbed))).toBe(false);
    expect(existsSync(`${out}.lmfuse-old`)).toBe(false);
  });
});

describe('large tensors', () => {
  it('are cut into tasks without a seam', async () => {
    for (const seed of [0, 1]) {
      writeModel(join(folder, `long${seed}`), { v: f32(LONG, noise(LONG[0]!, seed)) });
    }
    const text = `merge_method: dare_linear\nbase_model: long0\nmodels: [{model: long1, parameters: {weight: 1, density: 0.5}}]`;
    const recipe = writeRecipe(folder, text, 'long.yml');
    const outputs: Buffer[] = [];
    for (const threads of [0, 2]) {
      const out = join(folder, `long-${threads}`);
      await merge({ recipe, out, currentFolder: folder, threads, noSync: true });
      outputs.push(weights(out));
    }
    expect(outputs[0]!.equals(outputs[1]!)).toBe(true);
  });
});
