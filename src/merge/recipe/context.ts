/**
 * What the normalising functions share: the document, the warnings, and where each part was written.
 */

import type { ValuePath } from '../../recipe/document.ts';
import { problemAt, type RecipeDocument } from '../../recipe/problem.ts';
import { modelName } from './modelName.ts';
import { parseParameters } from './parameters.ts';
import type { RawModel, RawParameters } from './schema.ts';

/** Where the parts of a recipe were written: for messages about them later on. */
export type PartPaths = WeakMap<object, { document: RecipeDocument; path: ValuePath }>;

export interface Context {
  readonly document: RecipeDocument;
  readonly paths: PartPaths;
  readonly warnings: string[];
}

export function located<Part extends object>(context: Context, path: ValuePath, part: Part): Part {
  context.paths.set(part, { document: context.document, path });
  return part;
}

export function warn(context: Context, path: ValuePath, message: string) {
  context.warnings.push(problemAt(context.document, path, message).message);
}

export function basePart(raw: RawModel | null | undefined): { baseModel?: string } {
  return raw ? { baseModel: modelName(raw) } : {};
}

export function parameterPart(
  context: Context,
  path: ValuePath,
  raw: RawParameters | null | undefined,
) {
  const where = [...path, 'parameters'];
  const parameters = parseParameters(context.document, where, raw ?? {});
  return { parameters: located(context, where, parameters) };
}

/** The one form that is given; none or several are an error that names them. */
export function formOf<Form extends string>(
  context: Context,
  path: ValuePath,
  raw: Partial<Record<Form, unknown>>,
  forms: readonly Form[],
): Form {
  const given = forms.filter((form) => raw[form] !== undefined && raw[form] !== null);
  const [form] = given;
  if (form !== undefined && given.length === 1) return form;
  const found = given.length === 0 ? 'none is given' : `${given.join(' and ')} are given`;
  const place = given[1] === undefined ? path : [...path, given[1]];
  throw problemAt(
    context.document,
    place,
    `exactly one of ${forms.join(', ')} is needed; ${found}`,
  );
}
