/**
 * The layout of `torch.save` before 1.6, and of `_use_new_zipfile_serialization=False`: pickles of a
 * magic number, a protocol version, facts of the machine, the object, and the storages' keys; then,
 * for each key, an int64 count of elements and the elements. torch/serialization.py, `_legacy_save`.
 */

import { badInput } from '../../errors.ts';
import type { ByteSource } from '../../io/byteSource.ts';
import { PickleEndedEarly } from './cursor.ts';
import { MAX_PICKLE_BYTES } from './limits.ts';
import { type ParsedPickle, parsePickle } from './pickle.ts';
import { describe, isObject, type PickleStorage, type PickleValue } from './pickleValue.ts';
import { printable } from './printable.ts';
import type { StoragePlace, StoragePlaces } from './tensorEntry.ts';
import type { TorchLayout } from './torchLayout.ts';
import { storageType } from './torchTypes.ts';

const MAGIC_NUMBER = 0x1950a86a20f9469cfc6cn;
const PROTOCOL_VERSION = 1001;

export async function readLegacyLayout(source: ByteSource): Promise<TorchLayout> {
  const { bytes, object, keys } = await readPickles(source);
  const counted = new Map(object.storages.map((storage) => [storage.key, storage]));
  const places = await readPlaces(storageKeys(keys.value, source.name), counted, keys.end, source);
  return { root: object.value, places, description: bytes.subarray(0, keys.end) };
}

interface LegacyPickles {
  readonly bytes: Uint8Array;
  readonly object: ParsedPickle;
  readonly keys: ParsedPickle;
}

/** First guess at the bytes that the pickles take; most take less. */
const FIRST_READ = 256 * 1024;
const GROWTH = 4;

/** The pickles do not say how long they are: more is read until they are complete. */
async function readPickles(source: ByteSource): Promise<LegacyPickles> {
  const limit = Math.min(source.byteLength, MAX_PICKLE_BYTES);
  for (let length = Math.min(FIRST_READ, limit); ; length = Math.min(length * GROWTH, limit)) {
    const bytes = await source.slice(0, length);
    try {
      return parsePickles(bytes, source.name);
    } catch (error) {
      if (!(error instanceof PickleEndedEarly) || length === limit) throw error;
    }
  }
}

function parsePickles(bytes: Uint8Array, subject: string): LegacyPickles {
  const magic = parsePickle(bytes, 0, subject);
  if (magic.value !== MAGIC_NUMBER) {
    throw badInput(`${subject}: is a bare pickle, not a PyTorch file (it has no magic number)`);
  }
  const version = parsePickle(bytes, magic.end, subject);
  if (version.value !== PROTOCOL_VERSION) {
    throw badInput(`${subject}: its legacy protocol is not ${PROTOCOL_VERSION}`);
  }
  const system = parsePickle(bytes, version.end, subject);
  assertLittleEndian(system.value, subject);
  const object = parsePickle(bytes, system.end, subject);
  return { bytes, object, keys: parsePickle(bytes, object.end, subject) };
}

function assertLittleEndian(system: PickleValue, subject: string): void {
  if (!isObject(system) || system.kind !== 'dict') {
    throw badInput(`${subject}: its system facts are ${describe(system)}, not a dict`);
  }
  if (system.values[system.keys.indexOf('little_endian')] === true) return;
  throw badInput(`${subject}: its byte order is not said to be little-endian`);
}

function storageKeys(value: PickleValue, subject: string): readonly PickleValue[] {
  if (isObject(value) && value.kind === 'list') return value.items;
  throw badInput(`${subject}: its storage keys are ${describe(value)}, not a list`);
}

async function readPlaces(
  keys: readonly PickleValue[],
  storages: ReadonlyMap<string, PickleStorage>,
  start: number,
  source: ByteSource,
): Promise<StoragePlaces> {
  const places = new Map<string, StoragePlace>();
  let position = start;
  for (const key of keys) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (!storage || places.has(storage.key)) throw strayKey(key, source.name);
    const place = await readPlace(storage, position, source);
    places.set(storage.key, place);
    position = place.byteOffset + place.byteLength;
  }
  return places;
}

function strayKey(key: PickleValue, subject: string) {
  const name = typeof key === 'string' ? `"${printable(key)}"` : describe(key);
  return badInput(`${subject}: storage key ${name} is listed twice or belongs to no tensor`);
}

const COUNT_BYTES = 8;

/** The storage whose count of elements is at `position`. */
async function readPlace(
  storage: PickleStorage,
  position: number,
  source: ByteSource,
): Promise<StoragePlace> {
  const subject = `${source.name}: storage "${printable(storage.key)}"`;
  const byteOffset = position + COUNT_BYTES;
  if (byteOffset > source.byteLength) {
    throw badInput(`${subject}: begins at byte ${position}, but the file has ${source.byteLength}`);
  }
  const bytes = await source.slice(position, byteOffset);
  const count = new DataView(bytes.buffer, bytes.byteOffset, COUNT_BYTES).getBigInt64(0, true);
  if (count !== BigInt(storage.elementCount)) {
    throw badInput(
      `${subject}: has ${count} elements, but the pickle says ${storage.elementCount}`,
    );
  }
  const byteLength = storage.elementCount * (storageType(storage.typeName)?.elementBytes ?? 1);
  if (byteOffset + byteLength > source.byteLength) {
    throw badInput(
      `${subject}: ends at byte ${byteOffset + byteLength}, but the file has ${source.byteLength}`,
    );
  }
  return { byteOffset, byteLength };
}
