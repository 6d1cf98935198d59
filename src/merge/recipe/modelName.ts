/**
 * A model reference of a recipe to its text form, `path[@revision][+lora[@revision]]`.
 *
 * mergekit also writes references as mappings (its model cards hold them). Where a model is found
 * is not decided here.
 */

import type { RawModel } from './schema.ts';

export function modelName(raw: RawModel): string {
  if (typeof raw === 'string') return raw;
  const lora = raw.lora ? `+${pathName(raw.lora)}` : '';
  return `${pathName(raw.model)}${lora}`;
}

type RawPath = Exclude<RawModel, string>['model'];

function pathName(raw: RawPath): string {
  if (typeof raw === 'string') return raw;
  return raw.revision ? `${raw.path}@${raw.revision}` : raw.path;
}
