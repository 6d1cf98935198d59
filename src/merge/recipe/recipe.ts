/**
 * A merge recipe as the planner sees it: every spelling of the YAML form resolved to one.
 *
 * Not here: whether the method exists and which parameters it takes (the planner knows the methods),
 * nor whether the models exist.
 */

import type { MergeableDtype } from '../../tensor/dtype.ts';

export type ParameterScalar = number | boolean | string;
/** A scalar, or a gradient: anchors spread evenly over the layers of a slice. */
export type ParameterValue = ParameterScalar | readonly number[];

export interface ConditionalValue {
  readonly filter?: string;
  readonly value: ParameterValue;
}

export type ParameterSetting = ParameterValue | readonly ConditionalValue[];
export type ParameterSet = Readonly<Record<string, ParameterSetting>>;

export interface RecipeSource {
  readonly model: string;
  /** Half-open, [start, end). */
  readonly layerRange?: readonly [number, number];
  readonly parameters: ParameterSet;
}

export interface RecipeSlice {
  readonly sources: readonly RecipeSource[];
  readonly baseModel?: string;
  readonly parameters: ParameterSet;
}

export interface RecipeModule {
  readonly name: string;
  readonly slices: readonly RecipeSlice[];
  readonly parameters: ParameterSet;
  readonly baseModel?: string;
}

export interface Recipe {
  readonly name?: string;
  readonly mergeMethod: string;
  readonly baseModel?: string;
  /** `models:` and `slices:` are one module named 'default'; `models:` one slice without ranges. */
  readonly modules: readonly RecipeModule[];
  readonly form: 'models' | 'slices' | 'modules';
  readonly parameters: ParameterSet;
  readonly dtype?: MergeableDtype;
  readonly outDtype?: MergeableDtype;
  readonly tokenizer?: TokenizerSetting;
  readonly chatTemplate?: string;
}

export interface TokenizerSetting {
  /** 'union', 'base', or a model. */
  readonly source: string;
  readonly tokens: Readonly<Record<string, TokenSetting>>;
  readonly padToMultipleOf?: number;
  /** The `tokenizer: {}` form, rather than `tokenizer_source`. */
  readonly explicit: boolean;
}

export interface TokenSetting {
  readonly source?: TokenSource;
  readonly force: boolean;
}

export type TokenSource =
  | { readonly kind: 'model'; readonly model: string }
  | {
      readonly kind: 'model_token';
      readonly model: string;
      readonly token?: string;
      readonly tokenId?: number;
    }
  | { readonly kind: 'zero' };

/** Every parameter set of a recipe, outermost first: what the planner checks against its method. */
export function parameterSets(recipe: Recipe): ParameterSet[] {
  return [recipe, ...recipe.modules.flatMap(withParts)].map((part) => part.parameters);
}

function withParts(module: RecipeModule): { readonly parameters: ParameterSet }[] {
  return [module, ...module.slices.flatMap((slice) => [slice, ...slice.sources])];
}
