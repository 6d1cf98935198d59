/**
 * Which tensors the output has, and under which names their inputs are found: the recipe's modules,
 * slices and layer ranges applied to the names of the models. Only names here, no parameters.
 */

import { findLayerStacks, type LayerStack, splitLayerName } from '../../checkpoint/layers.ts';
import { badInput } from '../../errors.ts';
import type { Recipe, RecipeModule, RecipeSlice } from '../recipe/recipe.ts';
import { type LoadedModel, sameModel } from './loadedModel.ts';
import { type ModuleScope, moduleScopes } from './modules.ts';
import { isBeforeLayers } from './tensorNames.ts';

/** A tensor of one model, wanted under this name. */
export interface WantedTensor {
  readonly model: LoadedModel;
  readonly name: string;
}

export interface OutputTensor {
  readonly name: string;
  readonly module: RecipeModule;
  readonly slice: RecipeSlice;
  /** Position of the layer in its slice, 0 to 1; 0 outside the layers. */
  readonly t: number;
  /** Whether the tensor lies outside the layers. */
  readonly outside: boolean;
  /** One per source of the slice. */
  readonly sources: readonly WantedTensor[];
  readonly base?: WantedTensor;
}

/** Where an output layer comes from: what config edits need. */
export interface LayerOrigin {
  readonly model: LoadedModel;
  readonly layer: number;
}

export interface OutputLayout {
  readonly tensors: readonly OutputTensor[];
  /** Origins of the output's layers, when slices rearranged them; with the stack's config key. */
  readonly restacked?: { readonly stack: LayerStack; readonly origins: readonly LayerOrigin[] };
  /** Tensors of the first module's reference that no module claims: they are copied. */
  readonly unclaimed: readonly WantedTensor[];
}

export type ModelOf = (reference: string) => LoadedModel;

export function planOutputTensors(recipe: Recipe, modelOf: ModelOf): OutputLayout {
  const reference = referenceModel(recipe, modelOf);
  const scopes = moduleScopes(recipe, reference);
  const tensors: OutputTensor[] = [];
  let restacked: OutputLayout['restacked'];
  for (const scope of scopes) {
    const plan = planModule(recipe, scope, modelOf);
    tensors.push(...plan.tensors);
    restacked ??= plan.restacked;
  }
  const unclaimed = [...reference.checkpoint.tensors.keys()]
    .filter((name) => !scopes.some((scope) => scope.claims(name)))
    .map((name) => ({ model: reference, name }));
  return { tensors, unclaimed, ...(restacked ? { restacked } : {}) };
}

/** The model whose config, names and files the output has: the base, else the first one. */
export function referenceModel(recipe: Recipe, modelOf: ModelOf): LoadedModel {
  const first = recipe.modules[0]?.slices[0]?.sources[0]?.model;
  const reference = recipe.baseModel ?? recipe.modules[0]?.baseModel ?? first;
  if (reference === undefined) throw badInput('the recipe names no model');
  return modelOf(reference);
}

interface ModulePlan {
  readonly tensors: readonly OutputTensor[];
  readonly restacked?: OutputLayout['restacked'];
}

function planModule(recipe: Recipe, scope: ModuleScope, modelOf: ModelOf): ModulePlan {
  const { slices } = scope.module;
  const ranged = slices.some((slice) => slice.sources.some((source) => source.layerRange));
  if (!ranged && slices.length === 1) {
    return { tensors: planWhole(recipe, scope, slices[0]!, modelOf) };
  }
  return planSlices(recipe, scope, modelOf);
}

function baseOf(recipe: Recipe, module: RecipeModule, slice: RecipeSlice): string | undefined {
  return slice.baseModel ?? module.baseModel ?? recipe.baseModel;
}

/** The whole module, name by name. */
function planWhole(
  recipe: Recipe,
  scope: ModuleScope,
  slice: RecipeSlice,
  modelOf: ModelOf,
): OutputTensor[] {
  const base = baseOf(recipe, scope.module, slice);
  const sources = slice.sources.map((source) => modelOf(source.model));
  const reference = base === undefined ? sources[0]! : modelOf(base);
  const names = [...reference.checkpoint.tensors.keys()].filter(scope.claims);
  const stacks = new Map(
    findLayerStacks(names, reference.checkpoint.config).map((stack) => [stack.prefix, stack]),
  );
  return names.map((name) => {
    const split = splitLayerName(name);
    const stack = split && stacks.get(split.prefix);
    return {
      name,
      module: scope.module,
      slice,
      t: split && stack ? positionOf(split.layer, stack.count) : 0,
      outside: stack === undefined,
      sources: sources.map((model) => ({ model, name })),
      ...(base === undefined ? {} : { base: { model: modelOf(base), name } }),
    };
  });
}

function positionOf(layer: number, count: number): number {
  return count > 1 ? layer / (count - 1) : 1;
}

function planSlices(recipe: Recipe, scope: ModuleScope, modelOf: ModelOf): ModulePlan {
  const { module } = scope;
  const tensors: OutputTensor[] = [];
  const origins: LayerOrigin[] = [];
  const first = modelOf(module.slices[0]!.sources[0]!.model);
  const outputStack = stackOf(first, scope);
  for (const [index, slice] of module.slices.entries()) {
    const view = sliceView(recipe, scope, slice, index, modelOf);
    for (let layer = 0; layer < view.length; layer++) {
      tensors.push(...sliceLayer(view, layer, `${outputStack.prefix}${origins.length}`));
      const source = view.sources[0]!;
      origins.push({ model: source.model, layer: source.start + layer });
    }
  }
  const views = [module.slices[0]!, module.slices.at(-1)!].map((slice, i) =>
    sliceView(recipe, scope, slice, i === 0 ? 0 : module.slices.length - 1, modelOf),
  );
  const outside = outsideTensors(first, scope, views[0]!, views[1]!);
  const before = outside.filter(({ name }) => isBeforeLayers(name));
  const after = outside.filter(({ name }) => !isBeforeLayers(name));
  return {
    tensors: [...before, ...tensors, ...after],
    restacked: { stack: outputStack, origins },
  };
}

interface RangedModel {
  readonly model: LoadedModel;
  readonly start: number;
  readonly prefix: string;
}

interface SliceView {
  readonly module: RecipeModule;
  readonly slice: RecipeSlice;
  readonly length: number;
  readonly sources: readonly RangedModel[];
  readonly base?: RangedModel;
}

function sliceView(
  recipe: Recipe,
  scope: ModuleScope,
  slice: RecipeSlice,
  index: number,
  modelOf: ModelOf,
): SliceView {
  const sources = slice.sources.map((source) => {
    const model = modelOf(source.model);
    const stack = stackOf(model, scope);
    const [start, end] = source.layerRange ?? [0, stack.count];
    if (end > stack.count) {
      throw badInput(
        `slice ${index + 1}: layers ${start} to ${end} of ${model.reference} are asked for, ` +
          `but it has ${stack.count}`,
      );
    }
    return { model, start, end, prefix: stack.prefix };
  });
  const [first] = sources;
  const view = {
    module: scope.module,
    slice,
    length: first!.end - first!.start,
    sources,
  };
  const base = baseOf(recipe, scope.module, slice);
  if (base === undefined) return view;
  const model = modelOf(base);
  const own = sources.find((source) => sameModel(source.model, model));
  return {
    ...view,
    base: { model, start: own?.start ?? first!.start, prefix: stackOf(model, scope).prefix },
  };
}

/** The tensors of one layer of a slice, named as in the slice's first source. */
function sliceLayer(view: SliceView, layer: number, outputPrefix: string): OutputTensor[] {
  const [first] = view.sources;
  const prefix = `${first!.prefix}${first!.start + layer}`;
  const names = [...first!.model.checkpoint.tensors.keys()].filter(
    (name) => name.startsWith(prefix) && /^(\.|$)/.test(name.slice(prefix.length)),
  );
  const wanted = ({ model, start, prefix: own }: RangedModel, suffix: string) => ({
    model,
    name: `${own}${start + layer}${suffix}`,
  });
  return names.map((name) => {
    const suffix = name.slice(prefix.length);
    return {
      name: outputPrefix + suffix,
      module: view.module,
      slice: view.slice,
      t: positionOf(layer, view.length),
      outside: false,
      sources: view.sources.map((source) => wanted(source, suffix)),
      ...(view.base ? { base: wanted(view.base, suffix) } : {}),
    };
  });
}

/** Embeddings come from the first slice's sources, norm and head from the last one's. */
function outsideTensors(
  reference: LoadedModel,
  scope: ModuleScope,
  first: SliceView,
  last: SliceView,
): OutputTensor[] {
  const { prefix } = stackOf(reference, scope);
  const names = [...reference.checkpoint.tensors.keys()].filter(
    (name) => scope.claims(name) && splitLayerName(name)?.prefix !== prefix,
  );
  return names.map((name) => {
    const view = isBeforeLayers(name) ? first : last;
    return {
      name,
      module: view.module,
      slice: view.slice,
      t: 0,
      outside: true,
      sources: view.sources.map(({ model }) => ({ model, name })),
      ...(view.base ? { base: { model: view.base.model, name } } : {}),
    };
  });
}

/** The stack that slices count: the only one that the config means, among the module's names. */
function stackOf(model: LoadedModel, scope: ModuleScope): LayerStack {
  const { tensors, config } = model.checkpoint;
  const stacks = findLayerStacks([...tensors.keys()].filter(scope.claims), config);
  const meant = stacks.filter((stack) => stack.configKey !== undefined);
  const choice = meant.length > 0 ? meant : stacks;
  if (choice.length === 1) return choice[0]!;
  const found = choice.map((stack) => `${stack.prefix}* (${stack.count})`).join(', ');
  throw badInput(
    choice.length === 0
      ? `${model.reference}: slices need layers, and no tensor name counts any`
      : `${model.reference}: slices could mean several stacks of layers, ${found}; ` +
          'name the part by `modules:`',
  );
}
