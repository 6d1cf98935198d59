/**
 * Files of this package, found from wherever the code runs: sources, dist/, or a bundle of either.
 * The package is the nearest folder upwards that holds a package.json.
 */

import { existsSync } from 'node:fs';

export function packageFile(path: string): URL {
  let folder = new URL('.', import.meta.url);
  while (!existsSync(new URL('package.json', folder))) {
    const parent = new URL('..', folder);
    if (parent.href === folder.href) throw new Error(`no package.json above ${import.meta.url}`);
    folder = parent;
  }
  return new URL(path, folder);
}
