// Writes dist/recipe.schema.json from the built library. Run after the TypeScript build.
import { writeFileSync } from 'node:fs';
import { recipeJsonSchema } from '../dist/merge/recipe/jsonSchema.js';

const target = new URL('../dist/recipe.schema.json', import.meta.url);
writeFileSync(target, `${JSON.stringify(recipeJsonSchema(), undefined, 2)}\n`);
