// Writes dist/recipe.schema.json from the built library. Run after the TypeScript build.
import { writeFileSync } from 'node:fs';
import { MERGE_METHODS } from '../dist/merge/method/registry.js';
import { recipeJsonSchema } from '../dist/merge/recipe/jsonSchema.js';

const methods = Object.fromEntries(
  MERGE_METHODS.map(({ name }) => [name, `docs/methods/${name}.md`]),
);
const specs = MERGE_METHODS.flatMap((method) => [
  ...Object.entries(method.modelParameters),
  ...Object.entries(method.globalParameters),
]);
const parameters = Object.fromEntries(specs.map(([name, { description }]) => [name, description]));

const target = new URL('../dist/recipe.schema.json', import.meta.url);
writeFileSync(
  target,
  `${JSON.stringify(recipeJsonSchema({ methods, parameters }), undefined, 2)}\n`,
);
