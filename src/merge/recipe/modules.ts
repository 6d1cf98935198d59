/**
 * Modules, slices and sources of a recipe: ranges checked, `models:` made a slice without ranges.
 *
 * How many layers a model has is not known here.
 */

import type { ValuePath } from '../../recipe/document.ts';
import { problemAt } from '../../recipe/problem.ts';
import { basePart, type Context, formOf, located, parameterPart, warn } from './context.ts';
import { modelName } from './modelName.ts';
import type { RecipeModule, RecipeSlice, RecipeSource } from './recipe.ts';
import type { RawModule, RawRecipe, RawSlice, RawSource } from './schema.ts';

export function defaultModule(
  context: Context,
  raw: RawRecipe,
  form: 'models' | 'slices',
): RecipeModule {
  const slices = form === 'models' ? [wholeModels(context, [], raw)] : stacked(context, [], raw);
  return located(context, [], { name: 'default', slices, parameters: {} });
}

export function namedModules(context: Context, raw: RawRecipe): RecipeModule[] {
  const entries = Object.entries(raw.modules ?? {});
  if (entries.length === 0) {
    throw problemAt(context.document, ['modules'], 'no module is given');
  }
  return entries.map(([name, module]) => namedModule(context, name, module));
}

function namedModule(context: Context, name: string, raw: RawModule): RecipeModule {
  const path = ['modules', name];
  const form = formOf(context, path, raw, ['models', 'slices']);
  return located(context, path, {
    name,
    slices: form === 'models' ? [wholeModels(context, path, raw)] : stacked(context, path, raw),
    ...parameterPart(context, path, raw.parameters),
    ...basePart(raw.base_model),
  });
}

function wholeModels(context: Context, path: ValuePath, raw: RawModule): RecipeSlice {
  const sources = (raw.models ?? []).map((model, index) =>
    parseSource(context, [...path, 'models', index], model),
  );
  return located(context, [...path, 'models'], { sources, parameters: {} });
}

function stacked(context: Context, path: ValuePath, raw: RawModule): RecipeSlice[] {
  return (raw.slices ?? []).map((slice, index) =>
    parseSlice(context, [...path, 'slices', index], slice),
  );
}

function parseSlice(context: Context, path: ValuePath, raw: RawSlice): RecipeSlice {
  const sources = raw.sources.map((source, index) =>
    parseSource(context, [...path, 'sources', index], source),
  );
  checkEqualLengths(context, path, sources);
  if (typeof raw.residual_weight === 'number' || typeof raw.residual_weight === 'string') {
    warn(context, [...path, 'residual_weight'], 'has no effect');
  }
  return located(context, path, {
    sources,
    ...basePart(raw.base_model),
    ...parameterPart(context, path, raw.parameters),
  });
}

function parseSource(context: Context, path: ValuePath, raw: RawSource): RecipeSource {
  const layerRange = parseRange(context, [...path, 'layer_range'], raw.layer_range);
  return located(context, path, {
    model: modelName(raw.model),
    ...(layerRange ? { layerRange } : {}),
    ...parameterPart(context, path, raw.parameters),
  });
}

function parseRange(
  context: Context,
  path: ValuePath,
  raw: RawSource['layer_range'],
): readonly [number, number] | undefined {
  if (!raw) return undefined;
  const [start, end] = [Number(raw[0]), Number(raw[1])];
  const text = `[${start}, ${end}]`;
  const fail = (reason: string) => problemAt(context.document, path, `${text} ${reason}`);
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end))
    throw fail('is not whole numbers');
  if (start < 0) throw fail('begins below 0');
  if (start === end) throw fail('is empty; the end of a range is not included');
  if (start > end) throw fail('is reversed; a range is [start, end)');
  return [start, end];
}

/** The sources of a slice are merged layer by layer, so each needs as many as the first. */
function checkEqualLengths(context: Context, path: ValuePath, sources: readonly RecipeSource[]) {
  const first = sources[0]?.layerRange;
  for (const [index, { layerRange }] of sources.entries()) {
    if (layerCount(first) === layerCount(layerRange)) continue;
    const where = [...path, 'sources', index];
    const message = `${rangeText(layerRange)}, but sources[0] has ${rangeText(first)}`;
    throw problemAt(context.document, where, message);
  }
}

function layerCount(range: RecipeSource['layerRange']): number | undefined {
  return range && range[1] - range[0];
}

function rangeText(range: RecipeSource['layerRange']): string {
  if (!range) return 'no layer_range';
  return `layer_range [${range[0]}, ${range[1]}] (${range[1] - range[0]} layers)`;
}
