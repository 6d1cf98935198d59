/** Plans every document of a recipe, in order, before any of them is carried out. */

import { readdir, readFile, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { badInput } from '../../errors.ts';
import type { MergeOptions, PlanSummary } from '../merge.ts';
import {
  type LoadedModel,
  type LocateOptions,
  loadModels,
  modelReferences,
} from '../plan/loadedModel.ts';
import { type FilePlan, planFiles } from '../plan/planFiles.ts';
import { type MergePlan, planMerge } from '../plan/planMerge.ts';
import { portableNames } from '../plan/portableNames.ts';
import { type ParsedRecipes, parseRecipes } from '../recipe/parseRecipes.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { packageVersion } from '../version.ts';
import { summarizeInputs } from './hashInputs.ts';
import { freeBytes, type OutputFolder, planOutputFolder } from './outputFolder.ts';
import { outputOf } from './runPlan.ts';
import { plannedModel } from './stageModel.ts';
import { summarizePlan, threadsFor } from './summarizePlan.ts';

export interface RecipeFile {
  readonly text: string;
  readonly parsed: ParsedRecipes;
  readonly locate: LocateOptions;
  /** Takes the folders of this machine out of a text. */
  readonly portable: (text: string) => string;
}

export interface PlannedStage {
  readonly recipe: Recipe;
  /** Where the stage is carried out; the last one's result is then moved to `out`. */
  readonly folder: string;
  readonly plan: MergePlan;
  readonly files: FilePlan;
  readonly summary: PlanSummary;
}

export interface PlannedStages {
  readonly file: RecipeFile;
  readonly output: OutputFolder;
  readonly stages: readonly PlannedStage[];
  readonly warnings: readonly string[];
}

const DEFAULT_SHARD_BYTES = 5e9;
/** The recipe's other files and the file system's own needs. */
const SPARE_BYTES = 64 << 20;
const LARGEST_SEED = Number.MAX_SAFE_INTEGER;

export async function planStages(options: MergeOptions): Promise<PlannedStages> {
  assertOptions(options);
  const file = await readRecipe(options);
  const output = await planOutputFolder(resolve(file.locate.currentFolder, options.out), {
    overwrite: options.overwrite ?? false,
    inputs: [],
  });
  const known = new Map<string, LoadedModel>();
  const stages: PlannedStage[] = [];
  for (const recipe of file.parsed.recipes) {
    const folder = stageFolder(output, recipe, file.parsed.recipes);
    const stage = await planStage(recipe, folder, file, known, options);
    stages.push(stage);
    if (recipe.name === undefined) continue;
    known.set(recipe.name, plannedModel(recipe.name, outputOf(folder), stage.plan, stage.files));
  }
  await assertNotAnInput(options, output, stages, known);
  return { file, output, stages, warnings: file.parsed.warnings };
}

function assertOptions({ threads, seed, shardSize }: MergeOptions): void {
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 0 && threads <= 256)) {
    throw badInput(`threads: ${threads} is not a number of threads from 0 to 256`);
  }
  if (seed !== undefined && !(Number.isInteger(seed) && Math.abs(seed) <= LARGEST_SEED)) {
    throw badInput(`seed: ${seed} is not an integer`);
  }
  if (shardSize !== undefined && !(shardSize >= 1)) {
    throw badInput(`shard size: ${shardSize} is not a positive number of bytes`);
  }
}

async function readRecipe({ recipe, currentFolder, cacheFolder }: MergeOptions) {
  const current = currentFolder ?? process.cwd();
  const path = resolve(current, recipe);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw badInput(
      `${recipe}: the recipe cannot be read (${(cause as NodeJS.ErrnoException).code})`,
      cause,
    );
  }
  const locate: LocateOptions = {
    currentFolder: current,
    recipeFolder: dirname(path),
    ...(cacheFolder === undefined ? {} : { cacheFolder }),
  };
  const parsed = parseRecipes(text, basename(recipe));
  const portable = portableNames(parsed.recipes.flatMap(modelReferences));
  return { text, parsed, locate, portable };
}

function stageFolder(output: OutputFolder, recipe: Recipe, all: readonly Recipe[]): string {
  const isLast = recipe === all.at(-1);
  return isLast ? join(output.partial, 'final') : join(output.partial, 'stages', recipe.name ?? '');
}

export async function planStage(
  recipe: Recipe,
  folder: string,
  file: RecipeFile,
  known: ReadonlyMap<string, LoadedModel>,
  options: MergeOptions,
): Promise<PlannedStage> {
  const models = await loadModels(recipe, known, file.locate);
  const seed = options.seed ?? 0;
  const plan = await planMerge(recipe, file.parsed, models, {
    seed,
    shardSize: options.shardSize ?? DEFAULT_SHARD_BYTES,
    ...(options.dtype === undefined ? {} : { dtype: options.dtype }),
  });
  const inputs = await summarizeInputs(plan.models, { hash: false });
  const version = packageVersion();
  const files = await planFiles({
    plan,
    recipeText: file.text,
    portable: file.portable,
    inputs,
    seed,
    version,
  });
  const summary = summarizePlan(plan, inputs, {
    threads: threadsFor(plan, options.threads, availableParallelism()),
    freeBytes: await freeBytes(folder),
    notes: files.notes,
  });
  return { recipe, folder, plan, files, summary };
}

async function assertNotAnInput(
  options: MergeOptions,
  output: OutputFolder,
  stages: readonly PlannedStage[],
  known: ReadonlyMap<string, LoadedModel>,
): Promise<void> {
  const inputs = stages
    .flatMap(({ plan }) => plan.models)
    .filter((model) => !known.has(model.reference))
    .map(({ checkpoint }) => checkpoint.path);
  await planOutputFolder(output.out, { overwrite: options.overwrite ?? false, inputs });
}

/** One sentence if the disk cannot hold the output; what a partial folder holds already counts. */
export async function spaceShortage({
  output,
  stages,
}: Pick<PlannedStages, 'output' | 'stages'>): Promise<string | undefined> {
  const needed = stages.reduce((sum, { summary }) => sum + summary.outputBytes, SPARE_BYTES);
  const free = (await freeBytes(output.out)) + (await allocatedBytes(output.partial));
  if (needed <= free) return undefined;
  return `${output.out}: the merge needs ${gigabytes(needed)} of disk space, and ${gigabytes(free)} are free`;
}

async function allocatedBytes(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(folder, name))).blocks * 512),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function gigabytes(byteLength: number): string {
  return `${(byteLength / 1e9).toFixed(2)} GB`;
}
