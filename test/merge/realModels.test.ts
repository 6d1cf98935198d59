/**
 * The trained models of ../shared/models, which are not part of the repository: every method on the
 * llama-* family, and the fusions of bert-sst2. Skipped where the folder is absent.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/checkpoint/open.ts';
import { merge } from '../../src/merge/merge.ts';
import { MERGE_METHODS } from '../../src/merge/method/registry.ts';
import { readTensors } from './readTensors.ts';
import { scratchFolder, writeRecipe } from './scratch.ts';

const MODELS = join(import.meta.dirname, '../../../shared/models');
const { path: folder, remove } = scratchFolder();
afterAll(remove);

async function mergeText(name: string, text: string): Promise<string> {
  const out = join(folder, name);
  await merge({ recipe: writeRecipe(folder, text), out, currentFolder: MODELS });
  return out;
}

function recipeOf(name: string): string {
  const method = MERGE_METHODS.find((candidate) => candidate.name === name)!;
  const models = ['llama-captions', 'llama-news', 'llama-reviews'].slice(0, method.inputs.max ?? 3);
  const own = method.base === 'endpoint' ? models.slice(0, 1) : models;
  const weight = 'weight' in method.modelParameters ? 'weight: 0.4' : '';
  const density = 'density' in method.modelParameters ? ', density: 0.6' : '';
  const t = 't' in method.globalParameters ? 'parameters: {t: 0.001}\n' : '';
  const base = method.base === 'none' ? '' : 'base_model: llama-base-tiny\n';
  return `merge_method: ${name}\n${base}${t}models:\n${own
    .map((model) => `- {model: ${model}, parameters: {${weight}${density}}}`)
    .join('\n')}`;
}

describe.skipIf(!existsSync(MODELS))('real models (skipped without ../shared/models)', () => {
  it.each(MERGE_METHODS.map(({ name }) => name))('llama-*, %s', async (name) => {
    const out = await mergeText(name, recipeOf(name));
    const base = await openCheckpoint(join(MODELS, 'llama-base-tiny'), 'base');
    const merged = await openCheckpoint(out, 'merged');
    expect([...merged.tensors.keys()].sort()).toEqual([...base.tensors.keys()].sort());
    for (const entry of merged.tensors.values()) {
      expect(entry.shape).toEqual(base.tensors.get(entry.name)!.shape);
    }
    expect(merged.config?.model_type).toBe('llama');
    expect(merged.otherFiles).toContain('tokenizer.json');
    const values = [...(await readTensors(out)).values()].flatMap((tensor) => [...tensor.values]);
    expect(values.every(Number.isFinite)).toBe(true);
  });

  it.each([
    [['bert-sst2-a', 'bert-sst2-b', 'bert-sst2-c']],
    [['marian-de-en-a-ckpt1', 'marian-de-en-a-ckpt2', 'marian-de-en-a']],
  ])('%j, linear: the float64 mean, rounded', async (names) => {
    const out = await mergeText(
      `mean-of-${names[0]}`,
      `merge_method: linear\nmodels:\n${names.map((n) => `- {model: ${n}, parameters: {weight: 1}}`).join('\n')}`,
    );
    const merged = await readTensors(out);
    const parents = await Promise.all(names.map((name) => readTensors(join(MODELS, name))));
    for (const [name, { values }] of merged) {
      const wrong = values.findIndex((value, i) => {
        const mean = parents.reduce((sum, parent) => sum + parent.get(name)!.values[i]!, 0) / 3;
        return Math.abs(value - mean) > 1e-6 * Math.max(1, Math.abs(mean));
      });
      expect(`${name} ${wrong}`).toBe(`${name} -1`);
    }
    const configOf = (folder: string) =>
      JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as object;
    expect(configOf(out)).toEqual(configOf(join(MODELS, names[0]!)));
  });

  it('bert-sst2, slerp at the ends: the parents', async () => {
    for (const [t, parent] of [
      [0, 'bert-sst2-a'],
      [1, 'bert-sst2-b'],
    ] as const) {
      const out = await mergeText(
        `slerp-${t}`,
        `merge_method: slerp\nbase_model: bert-sst2-a\nparameters: {t: ${t}}\nmodels: [{model: bert-sst2-b}]`,
      );
      const merged = await readTensors(out);
      for (const [name, { values }] of await readTensors(join(MODELS, parent))) {
        const wrong = values.findIndex((value, i) => merged.get(name)!.values[i] !== value);
        expect(`${name} ${wrong}`).toBe(`${name} -1`);
      }
    }
  });
});
