/** What to try after a merge: commands that will work as they stand. */

import { dirname, join, relative, resolve } from 'node:path';
import { resolveModel } from '../checkpoint/reference.ts';
import { FusionError } from '../errors.ts';
import type { MergeReport } from '../merge/merge.ts';
import { type CliContext, cacheFolderOf } from './context.ts';
import { printable, shellWord } from './format.ts';

export interface MergeNames {
  readonly recipe: string;
  readonly out: string;
  readonly context: CliContext;
}

export async function nextCommands(names: MergeNames, report: MergeReport): Promise<string[]> {
  const out = shellWord(names.out);
  const stage = report.stages.at(-1);
  const parent = stage?.baseModel ?? stage?.inputs[0]?.reference;
  const path = parent === undefined ? undefined : await pathFromHere(parent, names);
  const diff = path === undefined ? [] : [`lmfuse diff ${shellWord(path)} ${out}`];
  return [`lmfuse inspect ${out}`, ...diff].map(printable);
}

/** How a model of the recipe is called from the current folder; an earlier stage is gone by now. */
async function pathFromHere(
  reference: string,
  { recipe, context }: MergeNames,
): Promise<string | undefined> {
  const { currentFolder } = context;
  const cacheFolder = cacheFolderOf(context);
  if (await isFound(reference, currentFolder, cacheFolder)) return reference;
  const recipeFolder = dirname(resolve(currentFolder, recipe));
  const path = relative(currentFolder, join(recipeFolder, reference));
  return (await isFound(path, currentFolder, undefined)) ? path : undefined;
}

async function isFound(
  reference: string,
  currentFolder: string,
  cacheFolder: string | undefined,
): Promise<boolean> {
  try {
    await resolveModel(reference, { currentFolder, cacheFolder });
    return true;
  } catch (error) {
    if (error instanceof FusionError) return false;
    throw error;
  }
}
