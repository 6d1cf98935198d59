/** A recipe's settings resolved for one tensor, by the method's list of parameters. */

import { badInput } from '../../errors.ts';
import { nearestWord } from '../../recipe/spelling.ts';
import type {
  MergeMethod,
  ParameterSpec,
  ParameterSpecs,
  ParameterValues,
} from '../method/method.ts';
import { MERGE_METHODS } from '../method/registry.ts';
import {
  type ParameterSet,
  parameterSets,
  type Recipe,
  type RecipeSource,
} from '../recipe/recipe.ts';
import { resolveParameter, type TensorPosition } from '../recipe/resolve.ts';

/** What resolving a tensor's parameters revealed, for the plan's notes. */
export interface ResolutionLog {
  /** Filters that chose a value, by text. */
  readonly usedFilters: Set<string>;
  /** Parameters whose gradient reached a tensor outside the layers. */
  readonly outsideGradients: Map<string, string[]>;
}

export interface ParameterPlace extends TensorPosition {
  readonly outside: boolean;
  readonly log: ResolutionLog;
}

export function newResolutionLog(): ResolutionLog {
  return { usedFilters: new Set(), outsideGradients: new Map() };
}

/** Refuses names that no method knows; notes those that only other methods know. */
export function checkParameterNames(
  recipe: Recipe,
  method: MergeMethod,
  placeOf: (set: ParameterSet, key: string) => string,
): string[] {
  const own = Object.keys({ ...method.modelParameters, ...method.globalParameters });
  const all = MERGE_METHODS.flatMap((other) =>
    Object.keys({ ...other.modelParameters, ...other.globalParameters }),
  );
  const idle = new Set<string>();
  for (const set of parameterSets(recipe)) {
    for (const name of Object.keys(set)) {
      if (own.includes(name)) continue;
      if (!all.includes(name)) throw unknownParameter(name, own, method, placeOf(set, name));
      idle.add(name);
    }
  }
  return [...idle].map((name) => `parameter "${name}" has no effect with ${method.name}`);
}

function unknownParameter(name: string, own: readonly string[], method: MergeMethod, at: string) {
  const near = nearestWord(name, own);
  const known = own.length > 0 ? `known to ${method.name}: ${own.join(', ')}` : 'it takes none';
  return badInput(
    `${at}: unknown parameter "${name}"; ${near ? `did you mean "${near}"?` : known}`,
  );
}

/** Global parameters, from the slice outwards. */
export function resolveGlobals(
  method: MergeMethod,
  levels: readonly ParameterSet[],
  place: ParameterPlace,
): ParameterValues {
  return resolveAll(method.globalParameters, levels, place, method.name);
}

/** Parameters of one input, from its own outwards. */
export function resolveModel(
  method: MergeMethod,
  source: RecipeSource,
  levels: readonly ParameterSet[],
  place: ParameterPlace,
): ParameterValues {
  const subject = `${method.name}, model ${source.model}`;
  return resolveAll(method.modelParameters, [source.parameters, ...levels], place, subject);
}

function resolveAll(
  specs: ParameterSpecs,
  levels: readonly ParameterSet[],
  place: ParameterPlace,
  subject: string,
): ParameterValues {
  const values: Record<string, number | boolean> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const value = resolveOne(name, spec, levels, place, subject);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

function resolveOne(
  name: string,
  spec: ParameterSpec,
  levels: readonly ParameterSet[],
  place: ParameterPlace,
  subject: string,
): number | boolean | undefined {
  const found = resolveParameter(name, levels, place);
  if (!found) {
    if (spec.default !== undefined) return spec.default;
    if (spec.optional) return undefined;
    throw badInput(
      `${subject}: "${name}" is needed, and no value is given for ${place.tensorName}`,
    );
  }
  if (found.filter !== undefined) place.log.usedFilters.add(found.filter);
  if (found.source === 'gradient' && place.outside) noteOutside(name, place);
  return typed(found.value, name, spec, `${subject}, tensor ${place.tensorName}`);
}

function noteOutside(name: string, { log, tensorName }: ParameterPlace): void {
  log.outsideGradients.set(name, [...(log.outsideGradients.get(name) ?? []), tensorName]);
}

function typed(
  value: number | boolean | string,
  name: string,
  spec: ParameterSpec,
  subject: string,
): number | boolean {
  if (spec.type === 'boolean') {
    if (typeof value === 'boolean') return value;
    if (value === 0 || value === 1) return value === 1;
  } else if (typeof value === 'number' && Number.isFinite(value)) {
    if (spec.type === 'number' || (Number.isInteger(value) && value >= 0)) return value;
  }
  throw badInput(`${subject}: "${name}" is ${JSON.stringify(value)}, not a ${spec.type}`);
}

/** Filters that chose no value for any tensor: likely misspelt, or behind one that matches first. */
export function idleFilters(recipe: Recipe, { usedFilters }: ResolutionLog): string[] {
  const filters = parameterSets(recipe)
    .flatMap((set) => Object.values(set))
    .flatMap((setting) => (Array.isArray(setting) ? setting : []))
    .flatMap((item) =>
      typeof item === 'object' && item.filter !== undefined ? [item.filter as string] : [],
    );
  return [...new Set(filters)].filter((filter) => !usedFilters.has(filter));
}
