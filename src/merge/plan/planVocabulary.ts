/**
 * Whether the models' vocabularies agree and, where the recipe asks for it, how their rows are
 * brought in line.
 */

import { badInput } from '../../errors.ts';
import type { MergeMethod } from '../method/method.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { planTokenizer, type TokenizerPlan } from '../tokenizer/planTokenizer.ts';
import { vocabularyDifference } from '../tokenizer/vocabulary.ts';
import { type LoadedModel, modelReferences, sameModel } from './loadedModel.ts';
import { referenceModel } from './outputTensors.ts';
import { inputEmbedding } from './tensorNames.ts';

export interface VocabularyPlan {
  readonly tokenizer: TokenizerPlan | undefined;
  /** The models that the tokenizer plan's row maps are for, in order. */
  readonly models: readonly LoadedModel[];
}

export async function planVocabulary(
  recipe: Recipe,
  method: MergeMethod,
  modelOf: (reference: string) => LoadedModel,
): Promise<VocabularyPlan> {
  const merged = mergedModels(recipe, method, modelOf);
  if (recipe.tokenizer) return planOutputVocabulary(recipe, merged, modelOf);
  // The output's tokenizer is the reference's, even if the method does not read its tensors.
  await assertSameVocabulary([referenceModel(recipe, modelOf), ...merged]);
  return { tokenizer: undefined, models: [] };
}

/** The models whose embeddings enter the output, the base first if it is one of them. */
function mergedModels(
  recipe: Recipe,
  method: MergeMethod,
  modelOf: (reference: string) => LoadedModel,
): LoadedModel[] {
  const sources = recipe.modules.flatMap((module) =>
    module.slices.flatMap((slice) => slice.sources.map((source) => source.model)),
  );
  const bases = method.base === 'none' ? [] : baseModels(recipe);
  const references = [...bases, ...sources];
  const models: LoadedModel[] = [];
  for (const model of references.map(modelOf)) {
    if (!models.some((other) => sameModel(other, model))) models.push(model);
  }
  return models;
}

function baseModels(recipe: Recipe): string[] {
  const parts = [recipe, ...recipe.modules, ...recipe.modules.flatMap(({ slices }) => slices)];
  return parts.flatMap(({ baseModel }) => baseModel ?? []);
}

async function planOutputVocabulary(
  recipe: Recipe,
  merged: readonly LoadedModel[],
  modelOf: (reference: string) => LoadedModel,
): Promise<VocabularyPlan> {
  const models: LoadedModel[] = [];
  for (const model of modelReferences(recipe).map(modelOf)) {
    if (!models.some((other) => sameModel(other, model))) models.push(model);
  }
  const described = await Promise.all(
    models.map(async (model) => ({
      reference: model.reference,
      vocabulary: await model.vocabulary(),
      rows: rowsOf(model),
      merged: merged.some((other) => sameModel(other, model)),
    })),
  );
  const base = recipe.baseModel === undefined ? undefined : modelOf(recipe.baseModel);
  const baseIndex = base ? models.findIndex((model) => sameModel(model, base)) : -1;
  const tokenizer = planTokenizer({
    setting: recipe.tokenizer!,
    base: baseIndex >= 0 ? baseIndex : undefined,
    models: described,
  });
  return { tokenizer, models };
}

function rowsOf(model: LoadedModel): number {
  const rows = inputEmbedding(model.checkpoint)?.shape[0];
  if (rows !== undefined) return rows;
  throw badInput(
    `${model.reference}: no embedding tensor is known by its name, so its vocabulary cannot be changed`,
  );
}

/** Without a plan the vocabularies must agree; models without a tokenizer are taken at their word. */
async function assertSameVocabulary(models: readonly LoadedModel[]): Promise<void> {
  const [first, ...others] = models.filter((model) => model.hasTokenizer);
  for (const other of others) {
    if (await sameTokenizerFile(first!, other)) continue;
    const difference = vocabularyDifference([await first!.vocabulary(), await other.vocabulary()]);
    if (difference !== undefined) throw badInput(difference);
  }
}

/** Equal bytes spare parsing tokenizers of many megabytes. */
async function sameTokenizerFile(a: LoadedModel, b: LoadedModel): Promise<boolean> {
  const name = 'tokenizer.json';
  const both = [a, b].every(({ checkpoint }) => checkpoint.otherFiles.includes(name));
  if (!both) return false;
  const [left, right] = await Promise.all([a.readFile(name), b.readFile(name)]);
  return left.equals(right);
}
