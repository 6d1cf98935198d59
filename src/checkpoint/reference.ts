/**
 * From the name of a model to a path: an existing folder or weight file relative to the current
 * folder; else relative to the recipe's folder; else `org/name[@revision]` in the local Hugging
 * Face cache (hubCache.ts). Nothing is downloaded, and the environment is not read.
 */

import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { badInput } from '../errors.ts';
import { isExistingFile, statIfExists } from '../io/existing.ts';
import { formatOf } from './formats.ts';
import { findInHubCache, hubFolderName, parseHubName } from './hubCache.ts';

export interface ResolveOptions {
  readonly currentFolder: string;
  readonly recipeFolder?: string | undefined;
  /** The folder that holds `models--org--name`. */
  readonly cacheFolder?: string | undefined;
}

export async function resolveModel(
  reference: string,
  options: ResolveOptions,
): Promise<{ path: string }> {
  if (reference === '') throw badInput('the name of a model is empty');
  const local = await findLocal(reference, options);
  if (local !== undefined) return { path: local };
  if (reference.includes('+')) {
    throw badInput(
      `model ${JSON.stringify(reference)}: adapters (model+lora) are not supported yet; merge the adapter into its model first`,
    );
  }
  const cached = await findCached(reference, options.cacheFolder);
  if (cached !== undefined) return { path: cached };
  throw badInput(
    `model ${JSON.stringify(reference)}: not found in ${placesOf(reference, options).join(', ')}; downloading is not supported yet`,
  );
}

/** A file that is named like a model, by the same rule; undefined if there is none. */
export function findFile(name: string, options: ResolveOptions): Promise<string | undefined> {
  return findLocal(name, options, async (path) =>
    (await isExistingFile(path)) ? path : undefined,
  );
}

async function findLocal(
  reference: string,
  { currentFolder, recipeFolder }: ResolveOptions,
  existing: (path: string) => Promise<string | undefined> = existingModel,
): Promise<string | undefined> {
  const here = await existing(resolve(currentFolder, reference));
  if (recipeFolder === undefined) return here;
  const there = await existing(resolve(recipeFolder, reference));
  if (here === undefined || there === undefined) return here ?? there;
  if ((await realpath(here)) === (await realpath(there))) return here;
  throw badInput(
    `model ${JSON.stringify(reference)}: could be ${here} or ${there}; write the path in full`,
  );
}

/** `path` if it is a folder or a weight file. */
async function existingModel(path: string): Promise<string | undefined> {
  const found = await statIfExists(path);
  const usable = found?.isDirectory() || (found?.isFile() && formatOf(path) !== undefined);
  return usable ? path : undefined;
}

async function findCached(
  reference: string,
  cacheFolder: string | undefined,
): Promise<string | undefined> {
  const hubName = parseHubName(reference);
  return hubName && cacheFolder !== undefined ? findInHubCache(hubName, cacheFolder) : undefined;
}

/** Everywhere that was looked, for the error. */
function placesOf(reference: string, options: ResolveOptions): string[] {
  const { currentFolder, recipeFolder, cacheFolder } = options;
  const places = [resolve(currentFolder, reference)];
  if (recipeFolder !== undefined) places.push(resolve(recipeFolder, reference));
  const hubName = parseHubName(reference);
  if (hubName && cacheFolder !== undefined) places.push(join(cacheFolder, hubFolderName(hubName)));
  return [...new Set(places)];
}
