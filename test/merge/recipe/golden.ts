/** The recipes of the golden merges, for the tests of this folder. */

import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../../golden/', import.meta.url);

export interface GoldenRecipe {
  readonly name: string;
  readonly text: string;
}

export function readGoldenRecipes(): GoldenRecipe[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const file = new URL(`${name}/`, folder);
      if (!readdirSync(file).includes('recipe.yml')) return [];
      return [{ name, text: readFileSync(new URL('recipe.yml', file), 'utf8') }];
    });
}
