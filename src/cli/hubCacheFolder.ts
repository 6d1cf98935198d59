/**
 * Where huggingface_hub keeps downloaded models, by its own rules:
 * https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
 */

import { join } from 'node:path';

/** An empty variable counts as not set. */
export function hubCacheFolder(
  env: Readonly<Record<string, string | undefined>>,
  homeFolder: string,
): string {
  const folderOf = (name: string) => expandHome(env[name] ?? '', homeFolder);
  const cache = folderOf('HF_HUB_CACHE');
  if (cache) return cache;
  const home = folderOf('HF_HOME');
  if (home) return join(home, 'hub');
  return join(folderOf('XDG_CACHE_HOME') || join(homeFolder, '.cache'), 'huggingface', 'hub');
}

function expandHome(folder: string, homeFolder: string): string {
  return folder === '~' || folder.startsWith('~/') ? join(homeFolder, folder.slice(1)) : folder;
}
