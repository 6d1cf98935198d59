/**
 * The persistent ids by which a pickle refers to storages:
 * `('storage', type, key, location, element count[, view])`; torch/serialization.py, `persistent_id`.
 */

import { badInput, type FusionError } from '../../errors.ts';
import { describe, isObject, type PickleStorage, type PickleValue } from './pickleValue.ts';
import { storageType } from './torchTypes.ts';

export function parseStorageId(id: PickleValue, subject: string): PickleStorage {
  if (!isObject(id) || id.kind !== 'tuple' || id.items[0] !== 'storage') {
    throw badInput(
      `${subject}: the pickle refers to ${describe(id)} outside of it, not to a storage`,
    );
  }
  const [, type, key, , elementCount, view = null] = id.items;
  if (type === undefined || !isObject(type) || type.kind !== 'global' || !storageType(type.name)) {
    throw wrong('type', type, subject);
  }
  if (typeof key !== 'string') throw wrong('key', key, subject);
  if (!isCount(elementCount)) throw wrong('element count', elementCount, subject);
  const base = { kind: 'storage', typeName: type.name, key, elementCount } as const;
  return { ...base, ...parseView(view, elementCount, subject) };
}

/** `(view key, offset, element count)`, the storage views of PyTorch before 0.4; otherwise None. */
function parseView(view: PickleValue, elementCount: number, subject: string) {
  if (view === null) return { viewStart: 0, viewCount: elementCount };
  if (!isObject(view) || view.kind !== 'tuple') throw wrong('view', view, subject);
  const [, viewStart, viewCount] = view.items;
  if (!isCount(viewStart) || !isCount(viewCount)) throw wrong('view', view, subject);
  if (viewStart + viewCount > elementCount) {
    throw badInput(
      `${subject}: elements ${viewStart} to ${viewStart + viewCount} of a storage are viewed, but it has ${elementCount}`,
    );
  }
  return { viewStart, viewCount };
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function wrong(what: string, value: PickleValue | undefined, subject: string): FusionError {
  const given = typeof value === 'number' || typeof value === 'bigint' ? value : describe(value);
  return badInput(`${subject}: the pickle refers to a storage whose ${what} is ${given}`);
}
