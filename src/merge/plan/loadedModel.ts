/** A model that a recipe names, opened: headers only. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { openCheckpoint } from '../../checkpoint/open.ts';
import { resolveModel } from '../../checkpoint/reference.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { readVocabulary } from '../tokenizer/readVocabulary.ts';
import type { Vocabulary } from '../tokenizer/vocabulary.ts';

export interface LoadedModel {
  /** As the recipe names it. */
  readonly reference: string;
  readonly checkpoint: Checkpoint;
  /** Whether there is a tokenizer at all. */
  readonly hasTokenizer: boolean;
  /** The content of one of `checkpoint.otherFiles`; also of a model that is only planned yet. */
  readonly readFile: (name: string) => Promise<Buffer>;
  /** Reads the tokenizer's vocabulary, once. */
  readonly vocabulary: () => Promise<Vocabulary>;
}

export interface LocateOptions {
  readonly currentFolder: string;
  readonly recipeFolder: string;
  readonly cacheFolder?: string;
}

const TOKENIZER_FILES = ['tokenizer.json', 'vocab.json', 'vocab.txt', 'tokenizer.model'];

export function loadedModel(reference: string, checkpoint: Checkpoint): LoadedModel {
  let known: Promise<Vocabulary> | undefined;
  return {
    reference,
    checkpoint,
    hasTokenizer: TOKENIZER_FILES.some((name) => checkpoint.otherFiles.includes(name)),
    readFile: (name) => readFile(join(checkpoint.path, name)),
    vocabulary() {
      known ??= readVocabulary(checkpoint.path, reference);
      return known;
    },
  };
}

/** Opens every model that the recipe names, `known` ones (earlier stages) aside. */
export async function loadModels(
  recipe: Recipe,
  known: ReadonlyMap<string, LoadedModel>,
  options: LocateOptions,
): Promise<Map<string, LoadedModel>> {
  const models = new Map<string, LoadedModel>();
  const byPath = new Map<string, Checkpoint>();
  for (const reference of modelReferences(recipe)) {
    const stage = known.get(reference);
    if (stage) {
      models.set(reference, stage);
      continue;
    }
    const { path } = await resolveModel(reference, options);
    const checkpoint = byPath.get(path) ?? (await openCheckpoint(path, reference));
    byPath.set(path, checkpoint);
    models.set(reference, loadedModel(reference, checkpoint));
  }
  return models;
}

/** Every model named in a recipe: the base first, then in order. */
export function modelReferences(recipe: Recipe): string[] {
  const references: (string | undefined)[] = [recipe.baseModel];
  for (const module of recipe.modules) {
    references.push(module.baseModel);
    for (const slice of module.slices) {
      references.push(slice.baseModel, ...slice.sources.map((source) => source.model));
    }
  }
  const { tokenizer } = recipe;
  if (tokenizer && tokenizer.source !== 'union' && tokenizer.source !== 'base') {
    references.push(tokenizer.source);
  }
  for (const token of Object.values(tokenizer?.tokens ?? {})) {
    if (token.source && token.source.kind !== 'zero') references.push(token.source.model);
  }
  return [...new Set(references.filter((reference) => reference !== undefined))];
}

export function sameModel(a: LoadedModel, b: LoadedModel): boolean {
  return a.checkpoint.path === b.checkpoint.path;
}
