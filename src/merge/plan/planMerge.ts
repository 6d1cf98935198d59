/**
 * The plan of one merge, from recipe and headers alone: every output tensor with its inputs, method
 * and place, the config and files of the output, and all that is wrong with any of it.
 */

import type { JsonObject } from '../../checkpoint/checkpoint.ts';
import { badInput } from '../../errors.ts';
import { isMergeable, type MergeableDtype } from '../../tensor/dtype.ts';
import { type MergeTask, outputBytesOf, type Task } from '../execute/task.ts';
import type { MergeMethod } from '../method/method.ts';
import { mergeMethod } from '../method/registry.ts';
import type { ParsedRecipes } from '../recipe/parseRecipes.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { patchConfigForVocabulary } from '../tokenizer/configPatch.ts';
import type { LoadedModel } from './loadedModel.ts';
import { type OutputLayout, planOutputTensors, referenceModel } from './outputTensors.ts';
import { checkParameterNames, idleFilters } from './parameters.ts';
import { withDtype, withRestackedLayers, withUntiedHead } from './planConfig.ts';
import { createPlanContext, isTied, type PlanContext } from './planContext.ts';
import { type PlannedShard, planShards } from './planShards.ts';
import { type PlannedTensor, planTensor } from './planTensor.ts';
import { planVocabulary, type VocabularyPlan } from './planVocabulary.ts';
import { isHead, outputHead } from './tensorNames.ts';

export interface PlanOptions {
  readonly seed: number;
  readonly shardSize: number;
  readonly dtype?: MergeableDtype;
}

export interface MergePlan {
  readonly recipe: Recipe;
  readonly method: MergeMethod;
  readonly reference: LoadedModel;
  readonly models: readonly LoadedModel[];
  readonly shards: readonly PlannedShard[];
  readonly tasks: readonly Task[];
  readonly inputFiles: ReturnType<PlanContext['inputFiles']>;
  readonly config: JsonObject | undefined;
  readonly vocabulary: VocabularyPlan;
  readonly notes: readonly string[];
}

export async function planMerge(
  recipe: Recipe,
  parsed: ParsedRecipes,
  models: ReadonlyMap<string, LoadedModel>,
  options: PlanOptions,
): Promise<MergePlan> {
  const method = mergeMethod(recipe.mergeMethod, parsed.placeOf(recipe, 'merge_method'));
  const idle = checkParameterNames(recipe, method, parsed.placeOf);
  const modelOf = (reference: string) => modelIn(models, reference);
  refuseQuantized(method, [...models.values()]);
  const reference = referenceModel(recipe, modelOf);
  const layout = withHead(planOutputTensors(recipe, modelOf), recipe, reference, modelOf);
  const vocabulary = await planVocabulary(recipe, method, modelOf);
  const context = createPlanContext({
    recipe,
    method,
    models: [...models.values()],
    seed: options.seed,
    dtype: options.dtype,
    tokenizer: vocabulary.tokenizer,
    tokenizerModels: vocabulary.models,
  });
  for (const line of idle) context.note(line);
  const tensors = planAllTensors(layout, context);
  const shards = planShards(tensors, options.shardSize);
  const config = planConfig(reference, layout, tensors, vocabulary, context);
  noteLeftOvers(recipe, layout, context);
  return {
    recipe,
    method,
    reference,
    models: [...models.values()],
    shards,
    tasks: tasksOf(shards),
    inputFiles: context.inputFiles(),
    config,
    vocabulary,
    notes: [...context.notes(), ...(vocabulary.tokenizer?.notes ?? [])],
  };
}

function modelIn(models: ReadonlyMap<string, LoadedModel>, reference: string): LoadedModel {
  const model = models.get(reference);
  if (model) return model;
  throw new Error(`model "${reference}" was not opened`);
}

function refuseQuantized(method: MergeMethod, models: readonly LoadedModel[]): void {
  if (method.isCopy) return;
  for (const { reference, checkpoint } of models) {
    const quantization = checkpoint.config?.quantization_config;
    if (quantization === undefined || quantization === null) continue;
    const kind = (quantization as JsonObject).quant_method ?? 'quantized';
    throw badInput(
      `${reference}: its weights are quantized (${kind}), and packed numbers cannot be averaged; ` +
        'use the unquantized model',
    );
  }
}

/** An untied head in any merged model gives the output a head, even if the reference has none. */
function withHead(
  layout: OutputLayout,
  recipe: Recipe,
  reference: LoadedModel,
  modelOf: (reference: string) => LoadedModel,
): OutputLayout {
  const last = layout.tensors.findLast(({ outside }) => outside) ?? layout.tensors.at(-1);
  if (!last || outputHead(reference.checkpoint)) return layout;
  const sources = last.slice.sources.map((source) => modelOf(source.model));
  const head = sources.map(({ checkpoint }) => outputHead(checkpoint)).find((entry) => entry);
  if (!head) return layout;
  const base = last.slice.baseModel ?? last.module.baseModel ?? recipe.baseModel;
  const tensor = {
    name: head.name,
    module: last.module,
    slice: last.slice,
    t: 0,
    outside: true,
    sources: sources.map((model) => ({ model, name: head.name })),
    ...(base === undefined ? {} : { base: { model: modelOf(base), name: head.name } }),
  };
  return { ...layout, tensors: [...layout.tensors, tensor] };
}

function planAllTensors(layout: OutputLayout, context: PlanContext): PlannedTensor[] {
  const planned = layout.tensors.map((tensor) => planTensor(tensor, context));
  if (layout.unclaimed.length === 0) return planned;
  const copying = { ...context, method: mergeMethod('passthrough', 'unclaimed tensors') };
  const [neighbour] = layout.tensors;
  context.note(
    `${layout.unclaimed.length} tensors belong to no module of the recipe; they are copied from ` +
      layout.unclaimed[0]!.model.reference,
  );
  const copies = layout.unclaimed.map((wanted) => {
    const source = { model: wanted.model.reference, parameters: {} };
    const slice = { sources: [source], parameters: {} };
    return planTensor(
      {
        name: wanted.name,
        module: neighbour!.module,
        slice,
        t: 0,
        outside: true,
        sources: [wanted],
      },
      { ...copying, recipe: { ...context.recipe, parameters: {} } },
    );
  });
  return [...planned, ...copies];
}

function tasksOf(shards: readonly PlannedShard[]): Task[] {
  const tasks = shards.flatMap((shard, file) =>
    shard.tensors.flatMap(({ tensor, byteOffset }) => tensor.tasks({ file, byteOffset })),
  );
  return orderTasks(tasks);
}

/** Tasks above this share of the work go first, lest one thread be left with them at the end. */
export const LARGE_SHARE = 1 / 48;

/**
 * Copies that compare inputs come first, for they may fail; then shard by shard, so that finished
 * shards reach the disk early; within a shard the large ones, and then in the order of the file,
 * which the disk likes best.
 */
function orderTasks(tasks: readonly Task[]): Task[] {
  const total = tasks.reduce((sum, task) => sum + outputBytesOf(task), 0);
  const rank = (task: Task) => {
    if (task.kind === 'copy' && task.inputs.length > 1) return 0;
    return outputBytesOf(task) > LARGE_SHARE * total ? 1 : 2;
  };
  const place = (task: Task) =>
    task.output.byteOffset + (task.kind === 'copy' ? 0 : task.start * outputElementBytes(task));
  return [...tasks].sort(
    (a, b) =>
      Math.min(rank(a), 1) - Math.min(rank(b), 1) ||
      a.output.file - b.output.file ||
      rank(a) - rank(b) ||
      place(a) - place(b),
  );
}

function outputElementBytes(task: MergeTask): number {
  return outputBytesOf(task) / (task.end - task.start);
}

function planConfig(
  reference: LoadedModel,
  layout: OutputLayout,
  tensors: readonly PlannedTensor[],
  { tokenizer }: VocabularyPlan,
  context: PlanContext,
): JsonObject | undefined {
  let config = reference.checkpoint.config;
  if (!config) return undefined;
  const dtype = mainDtype(tensors);
  if (dtype) config = withDtype(config, dtype);
  if (layout.restacked) config = withRestackedLayers(config, layout.restacked);
  if (unties(layout, reference)) config = withUntiedHead(config);
  if (tokenizer) {
    const patched = patchConfigForVocabulary(config, tokenizer);
    for (const line of patched.notes) context.note(line);
    config = patched.config;
  }
  return config;
}

/** Whether the output has a head that the reference's config would have loaders ignore. */
function unties({ tensors }: OutputLayout, reference: LoadedModel): boolean {
  const head = tensors.find(({ name }) => isHead(name));
  if (!head || !isTied(reference.checkpoint.config)) return false;
  const inputs = [...head.sources, ...(head.base ? [head.base] : [])];
  return (
    inputs.some(
      ({ model: { checkpoint } }) => outputHead(checkpoint) && !isTied(checkpoint.config),
    ) || !outputHead(reference.checkpoint)
  );
}

/** The dtype that most of the elements have. */
function mainDtype(tensors: readonly PlannedTensor[]): MergeableDtype | undefined {
  const bytes = new Map<MergeableDtype, number>();
  for (const { dtype, byteLength } of tensors) {
    if (isMergeable(dtype)) bytes.set(dtype, (bytes.get(dtype) ?? 0) + byteLength);
  }
  return [...bytes].sort(([, a], [, b]) => b - a)[0]?.[0];
}

/** Nothing is left out silently. */
function noteLeftOvers(recipe: Recipe, layout: OutputLayout, context: PlanContext): void {
  const merged = new Set(
    recipe.modules.flatMap(({ slices }) =>
      slices.flatMap(({ sources }) => sources.map(({ model }) => model)),
    ),
  );
  for (const [model, used] of context.used) {
    if (!merged.has(model.reference) || layout.restacked) continue;
    const unused = [...model.checkpoint.tensors.keys()].filter((name) => !used.has(name));
    if (unused.length === 0) continue;
    const more = unused.length > 1 ? ` and ${unused.length - 1} more` : '';
    context.note(
      `${model.reference}: "${unused[0]}"${more} has no place in the output and is left out`,
    );
  }
  for (const filter of idleFilters(recipe, context.log)) {
    context.note(`filter "${filter}" chose no value for any tensor`);
  }
  for (const [name, tensors] of context.log.outsideGradients) {
    context.note(
      `the gradient of "${name}" gives its first value to ${tensors.length} tensors outside the ` +
        `layers (${tensors[0]}...), as in mergekit`,
    );
  }
}
