/** The size of the chunks that a tensor is read in changes no byte, whatever the method. */

import { closeSync, openSync, readFileSync, truncateSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadKernelModule } from '../../src/kernel/load.ts';
import { createTaskContext, createThreadMemories } from '../../src/merge/execute/context.ts';
import { createControl } from '../../src/merge/execute/control.ts';
import { arenaBytesOf, runTask } from '../../src/merge/execute/runTask.ts';
import { openTaskFiles } from '../../src/merge/execute/taskFiles.ts';
import { MERGE_METHODS } from '../../src/merge/method/registry.ts';
import { planStages } from '../../src/merge/run/planStages.ts';
import { generator, makeScene, mergeOptions, type Scene, tensor } from './scene.ts';

const TENSORS = {
  matrix: [123, 457],
  'wide.matrix': [9, 4099],
  vector: [10_007],
  'embed_tokens.weight': [40, 100],
} as const;

/** Models of quantized values, so that thresholds meet many equal magnitudes. */
function models(scene: Scene): void {
  ['base', 'a', 'b'].forEach((name, seed) => {
    const { integer } = generator(seed);
    const tensors = Object.entries(TENSORS).map(
      ([key, shape]) => [key, tensor(shape, () => (integer(401) - 200) / 64, 'BF16')] as const,
    );
    const vocab = Object.fromEntries(
      Array.from({ length: 40 }, (_, id) => [`${(id * (seed + 1)) % 41}`, id]),
    );
    scene.model(name, Object.fromEntries(tensors), {
      'tokenizer.json': {
        version: '1.0',
        added_tokens: [],
        model: { type: 'BPE', vocab, merges: [] },
      },
    });
  });
}

function recipeOf(name: string): object {
  const method = MERGE_METHODS.find((candidate) => candidate.name === name)!;
  const others = method.inputs.max === 1 || method.base === 'endpoint' ? ['a'] : ['a', 'b'];
  const densities = { density: 0.4, gamma: 0.05, epsilon: 0.1 };
  return {
    merge_method: name,
    ...(method.base === 'none' ? {} : { base_model: 'base' }),
    models: others.map((model) => ({ model, parameters: { weight: 0.5, ...densities } })),
    parameters: { t: 0.3, select_topk: 0.3, rescale: true, filter_wise: true },
    tokenizer_source: 'union',
  };
}

/** The weights that a plan makes when chunks hold so many elements. */
async function weightsOf(scene: Scene, recipe: object, chunkNumbers: number): Promise<Buffer[]> {
  const { plan } = (await planStages(mergeOptions(scene.folder, recipe, {}))).stages[0]!;
  const outputFiles = plan.shards.map(({ name, byteLength }) => ({
    path: scene.path(name),
    byteLength,
  }));
  for (const { path, byteLength } of outputFiles) {
    closeSync(openSync(path, 'w'));
    truncateSync(path, byteLength);
  }
  const files = openTaskFiles({ inputFiles: plan.inputFiles, outputFiles, tasks: plan.tasks });
  for (const task of plan.tasks) {
    const arenaBytes = arenaBytesOf(task, chunkNumbers);
    const [thread] = createThreadMemories(loadKernelModule(), arenaBytes, 1);
    runTask(task, { ...createTaskContext(thread!, files, createControl()), chunkNumbers });
  }
  files.close();
  return outputFiles.map(({ path }) => readFileSync(path));
}

describe('chunks of any size', () => {
  it.each(MERGE_METHODS.map(({ name }) => name))('%s', async (name) => {
    const scene = makeScene();
    models(scene);
    const recipe = recipeOf(name);
    const expected = await weightsOf(scene, recipe, 1 << 18);
    for (const size of [1, 5000, 30_000]) {
      const actual = await weightsOf(scene, recipe, size);
      actual.forEach((bytes, i) => {
        expect(bytes.equals(expected[i]!), `chunks of ${size}`).toBe(true);
      });
    }
  });
});
