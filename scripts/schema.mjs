// Writes dist/recipe.schema.json and dist/fusion.schema.json from the built library. Run after the TypeScript build.
// What editors show for a method is the first paragraph of its page in docs/methods.
import { readFileSync, writeFileSync } from 'node:fs';
import { fusionJsonSchema } from '../dist/ensemble/recipe/jsonSchema.js';
import { MERGE_METHODS } from '../dist/merge/method/registry.js';
import { recipeJsonSchema } from '../dist/merge/recipe/jsonSchema.js';

const methods = Object.fromEntries(MERGE_METHODS.map(({ name }) => [name, summaryOf(name)]));
write('fusion.schema.json', fusionJsonSchema());
write('recipe.schema.json', recipeJsonSchema({ methods, parameters: parameterWords() }));

function write(name, schema) {
  const target = new URL(`../dist/${name}`, import.meta.url);
  writeFileSync(target, `${JSON.stringify(schema, undefined, 2)}\n`);
}

function summaryOf(method) {
  const page = readFileSync(new URL(`../docs/methods/${method}.md`, import.meta.url), 'utf8');
  const [title, paragraph] = page.split('\n\n');
  if (title !== `# ${method}` || !paragraph) {
    throw new Error(`docs/methods/${method}.md does not begin with its name and a paragraph`);
  }
  return paragraph.replace(/\[([^\]]+)\]\([^)]+\)/g, '$1').replaceAll('\n', ' ');
}

/** A name may mean one thing to one method and another to the next: then all are told. */
function parameterWords() {
  const meanings = new Map();
  for (const method of MERGE_METHODS) {
    const specs = { ...method.modelParameters, ...method.globalParameters };
    for (const [name, { description }] of Object.entries(specs)) {
      const known = meanings.get(name) ?? new Map();
      known.set(description, [...(known.get(description) ?? []), method.name]);
      meanings.set(name, known);
    }
  }
  return Object.fromEntries([...meanings].map(([name, known]) => [name, wordsOf(known)]));
}

function wordsOf(meanings) {
  return [...meanings]
    .map(([description, methods]) => `${description} (${methods.join(', ')})`)
    .join(' ');
}
