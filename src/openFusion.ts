/**
 * A fusion recipe to a running ensemble: opens its members, which may be fusions themselves, and hands
 * them over. Members of a recipe are found as merge recipes find theirs, relative to the current folder
 * or to the recipe's.
 */

import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { findFile } from './checkpoint/reference.ts';
import { createEnsemble, type EnsembleModel } from './ensemble/ensemble.ts';
import type { Member } from './ensemble/member.ts';
import { type FusionRecipe, isFusionText, parseFusion } from './ensemble/recipe/parseFusion.ts';
import type { RawMember } from './ensemble/recipe/schema.ts';
import { badInput, FusionError } from './errors.ts';
import { explainSystemError } from './io/systemError.ts';
import type { LanguageModel } from './model/languageModel.ts';
import type { OpenModelOptions } from './openOptions.ts';

export type OpenMember = (name: string, options: OpenModelOptions) => Promise<LanguageModel>;

export interface OpenedFusion {
  readonly recipe: FusionRecipe;
  readonly model: EnsembleModel;
}

/** Recipes within recipes; deeper ones go round in a circle. */
const MOST_LEVELS = 8;

export function isRecipeName(name: string): boolean {
  return /\.ya?ml$/i.test(name);
}

async function readFusion(path: string, name: string): Promise<FusionRecipe> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw explainSystemError(name, 'cannot be read', cause);
  });
  if (isFusionText(text)) return parseFusion(text, name);
  throw badInput(
    `${name}: is no fusion recipe (it has no "ensemble:"); a merge recipe becomes a model by: lmfuse merge ${name} <folder>`,
  );
}

/**
 * @param open opens a member by its name
 * @param allowUnfitted for those who fit: members have weight 1
 */
export async function openFusion(
  name: string,
  options: OpenModelOptions,
  open: OpenMember,
  allowUnfitted = false,
): Promise<OpenedFusion> {
  const { level = 0 } = options;
  if (level > MOST_LEVELS) throw badInput(`${name}: recipes name each other in a circle`);
  const path = await findFile(name, options);
  if (path === undefined) throw badInput(`${name}: there is no such recipe`);
  const recipe = await readFusion(path, name);
  if (recipe.toFit && !allowUnfitted) throw unfitted(recipe, recipe.toFit.fit);
  const threads = options.threads ?? shareOfThreads(recipe.members.length);
  const memberOptions = { ...options, threads, recipeFolder: dirname(path), level: level + 1 };
  const members = await openMembers(recipe, memberOptions, open);
  try {
    const { kind, task, settings, onFailure } = recipe;
    return { recipe, model: createEnsemble(members, { name, kind, task, settings, onFailure }) };
  } catch (error) {
    await closeAll(members);
    throw error;
  }
}

function unfitted({ file }: FusionRecipe, data: string): FusionError {
  const out = file.replace(/\.ya?ml$/i, '.fitted.yml');
  return badInput(
    `${file}: its weights are not fitted yet; run: lmfuse fit ${file} --data ${data} --out ${out}`,
  );
}

/** Members run side by side, so they share the processor. */
function shareOfThreads(members: number): number {
  return Math.max(1, Math.floor(availableParallelism() / members));
}

/** All are opened, or none stays open. */
async function openMembers(
  recipe: FusionRecipe,
  options: OpenModelOptions,
  open: OpenMember,
): Promise<Member[]> {
  const opened = await Promise.allSettled(
    recipe.members.map(async (raw): Promise<Member> => {
      const model = await open(raw.model, {
        ...options,
        ...memberOptions(raw, options),
      });
      const { name = raw.model, weight = 1, temperature = 1 } = raw;
      return { name, model, weight, temperature };
    }),
  );
  const members = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const failed = opened.findIndex(({ status }) => status === 'rejected');
  if (failed < 0) return members;
  await closeAll(members);
  throw placed((opened[failed] as PromiseRejectedResult).reason, recipe.placeOfMember(failed));
}

function memberOptions(raw: RawMember, { http }: OpenModelOptions): Partial<OpenModelOptions> {
  const { prompt, labels, api } = raw;
  const labelling =
    prompt !== undefined && labels !== undefined ? { labelling: { prompt, labels } } : {};
  if ((prompt === undefined) !== (labels === undefined)) {
    throw badInput('prompt and labels go together: a prompt, and the words that answer it');
  }
  return { ...labelling, ...(api === undefined ? {} : { http: { ...http, api } }) };
}

function placed(error: unknown, place: string): unknown {
  if (!(error instanceof FusionError)) return error;
  return new FusionError(error.code, `${place}: ${error.message}`, { cause: error });
}

async function closeAll(members: readonly Member[]): Promise<void> {
  await Promise.allSettled(members.map(({ model }) => model.close()));
}
