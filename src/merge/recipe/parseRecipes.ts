/**
 * The text of a recipe file to its recipes: YAML, schema, rules, order.
 *
 * Pure: it opens no model and knows no method.
 */

import { badInput } from '../../errors.ts';
import { parseLocatedDocuments, type ValuePath } from '../../recipe/document.ts';
import {
  describeIssue,
  placeOf,
  type RecipeDocument,
  schemaProblem,
} from '../../recipe/problem.ts';
import type { PartPaths } from './context.ts';
import { normaliseRecipe } from './normalise.ts';
import type { ParameterSet, Recipe, RecipeModule, RecipeSlice, RecipeSource } from './recipe.ts';
import { type RawRecipe, recipeSchema } from './schema.ts';
import { type ModelReference, orderStages, type Stage } from './stage.ts';

export interface ParsedRecipes {
  /** At least one; a recipe that another uses comes before it, the final one last. */
  readonly recipes: readonly Recipe[];
  readonly warnings: readonly string[];
  /** `recipe.yml:4: models[0].parameters.weight`, for messages about a part of a recipe. */
  readonly placeOf: (part: RecipePart, key?: string) => string;
}

export type RecipePart = Recipe | RecipeModule | RecipeSlice | RecipeSource | ParameterSet;

export function parseRecipes(text: string, file: string): ParsedRecipes {
  const documents = parseLocatedDocuments(text, file).map((document) => ({ ...document, file }));
  if (documents.length === 0) throw badInput(`${file}: the file holds no recipe`);
  const paths: PartPaths = new WeakMap();
  const warnings: string[] = [];
  const stages = documents.map((document): Stage => {
    const raw = checkSchema(document);
    const recipe = normaliseRecipe({ document, paths, warnings }, raw);
    const references = referencesOf(document, raw, recipe, paths);
    return { recipe, place: `${file}:${document.lineOf([])}`, references };
  });
  const order = orderStages(stages);
  return {
    recipes: order.recipes,
    warnings: [...warnings, ...order.warnings],
    placeOf: (part, key) => placeOfPart(paths, file, part, key),
  };
}

function placeOfPart(paths: PartPaths, file: string, part: RecipePart, key?: string): string {
  const at = paths.get(part);
  if (!at) return file;
  return placeOf(at.document, key === undefined ? at.path : [...at.path, key]);
}

function checkSchema(document: RecipeDocument): RawRecipe {
  const parsed = recipeSchema.safeParse(document.value, { error: describeIssue });
  if (parsed.success) return parsed.data;
  throw schemaProblem(document, parsed.error.issues);
}

/** Every place of a recipe that names a model. */
function referencesOf(
  document: RecipeDocument,
  raw: RawRecipe,
  recipe: Recipe,
  paths: PartPaths,
): ModelReference[] {
  const reference = (model: string, path: ValuePath): ModelReference => ({
    model,
    place: placeOf(document, path),
  });
  const pathTo = (part: object, key: string) => [...(paths.get(part)?.path ?? []), key];
  const slices = recipe.modules.flatMap((module) => module.slices);
  const bases = [recipe, ...recipe.modules, ...slices].flatMap((part) =>
    part.baseModel === undefined ? [] : [reference(part.baseModel, pathTo(part, 'base_model'))],
  );
  const sources = slices
    .flatMap((slice) => slice.sources)
    .map((source) => reference(source.model, pathTo(source, 'model')));
  return [...bases, ...sources, ...tokenizerReferences(raw, recipe, reference)];
}

function tokenizerReferences(
  raw: RawRecipe,
  { tokenizer }: Recipe,
  reference: (model: string, path: ValuePath) => ModelReference,
): ModelReference[] {
  if (!tokenizer) return [];
  const path = raw.tokenizer ? ['tokenizer', 'source'] : ['tokenizer_source'];
  const vocabulary = ['union', 'base'].includes(tokenizer.source)
    ? []
    : [reference(tokenizer.source, path)];
  const tokens = Object.entries(tokenizer.tokens).flatMap(([name, { source }]) =>
    source && source.kind !== 'zero'
      ? [reference(source.model, ['tokenizer', 'tokens', name, 'source'])]
      : [],
  );
  return [...vocabulary, ...tokens];
}
