/**
 * Parameters as written to parameters as resolved: number text becomes numbers, a single
 * `{filter, value}` a list of one, and every filter is checked to be one.
 */

import type { ValuePath } from '../../recipe/document.ts';
import { placing, type RecipeDocument } from '../../recipe/problem.ts';
import { parseFilter } from './filter.ts';
import type { ConditionalValue, ParameterSet, ParameterSetting, ParameterValue } from './recipe.ts';
import { toScalar } from './scalar.ts';
import type { RawParameters } from './schema.ts';

type RawSetting = RawParameters[string];
type RawConditional = Extract<RawSetting, { value: unknown }>;
type RawValue = RawConditional['value'];

export function parseParameters(
  document: RecipeDocument,
  path: ValuePath,
  raw: RawParameters,
): ParameterSet {
  const entries = Object.entries(raw).map(
    ([name, setting]) => [name, parseSetting(document, [...path, name], setting)] as const,
  );
  return Object.fromEntries(entries);
}

function parseSetting(
  document: RecipeDocument,
  path: ValuePath,
  raw: RawSetting,
): ParameterSetting {
  if (!Array.isArray(raw)) {
    return typeof raw === 'object' ? [parseConditional(document, path, raw)] : toScalar(raw);
  }
  if (!isConditionalList(raw)) return toValue(raw);
  return raw.map((condition, index) => parseConditional(document, [...path, index], condition));
}

function isConditionalList(
  raw: readonly (number | string)[] | readonly RawConditional[],
): raw is readonly RawConditional[] {
  return typeof raw[0] === 'object';
}

function parseConditional(
  document: RecipeDocument,
  path: ValuePath,
  { filter, value }: RawConditional,
): ConditionalValue {
  if (typeof filter !== 'string') return { value: toValue(value) };
  placing(document, path, () => parseFilter(filter));
  return { filter, value: toValue(value) };
}

function toValue(raw: RawValue | readonly (number | string)[]): ParameterValue {
  return typeof raw === 'object' ? raw.map(Number) : toScalar(raw);
}
