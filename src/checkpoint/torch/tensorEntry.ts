/** From a view of a storage, as the pickle gives it, to a checked place in the file. */

import { badInput, type FusionError } from '../../errors.ts';
import { byteLengthOf, type Dtype } from '../../tensor/dtype.ts';
import { elementCountOf, formatShape, type Shape } from '../../tensor/shape.ts';
import type { TensorEntry } from '../checkpoint.ts';
import { isContiguous } from '../strided.ts';
import { MAX_RANK } from './limits.ts';
import {
  isObject,
  type PickleStorage,
  type PickleTensor,
  type PickleValue,
} from './pickleValue.ts';
import { printable } from './printable.ts';
import type { NamedTensor } from './stateDict.ts';
import { dtypeType, storageType } from './torchTypes.ts';

/** Where a storage's bytes lie in the file. */
export interface StoragePlace {
  readonly byteOffset: number;
  readonly byteLength: number;
}

export type StoragePlaces = ReadonlyMap<string, StoragePlace>;

/** The entry of one tensor; every claim of the pickle is checked against the file. */
export function tensorEntry(
  { name, tensor }: NamedTensor,
  places: StoragePlaces,
  fileName: string,
): TensorEntry {
  const subject = `${fileName}: tensor "${printable(name)}"`;
  const { dtype, elementBytes } = elementType(tensor, subject);
  const storage = storageBytes(tensor.storage, places, subject);
  const view = parseView(tensor, Math.floor(storage.byteLength / elementBytes), subject);
  assertCountable(dtype, view.shape, subject);
  const entry = {
    name,
    dtype,
    shape: view.shape,
    file: 0,
    byteOffset: storage.byteOffset + view.offset * elementBytes,
  };
  return isContiguous(view.shape, view.strides) ? entry : { ...entry, strides: view.strides };
}

/** An expanded view can claim more bytes than a number can count. */
function assertCountable(dtype: Dtype, shape: Shape, subject: string): void {
  if (byteLengthOf(dtype, elementCountOf(shape, subject)) !== undefined) return;
  throw badInput(`${subject}: shape ${formatShape(shape)} has more bytes than can be counted`);
}

interface ElementType {
  readonly dtype: Dtype;
  readonly elementBytes: number;
}

function elementType(tensor: PickleTensor, subject: string): ElementType {
  const typeName = tensor.dtypeName ?? tensor.storage.typeName;
  const type = dtypeType(typeName) ?? storageType(typeName);
  if (type?.dtype) return { dtype: type.dtype, elementBytes: type.elementBytes };
  throw badInput(`${subject}: its type ${typeName} has no counterpart in safetensors`);
}

/** The part of the file that the storage occupies, by the pickle's count of its elements. */
function storageBytes(
  storage: PickleStorage,
  places: StoragePlaces,
  subject: string,
): StoragePlace {
  const key = printable(storage.key);
  const place = places.get(storage.key);
  if (!place) throw badInput(`${subject}: its storage "${key}" is not in the file`);
  const elementBytes = storageType(storage.typeName)?.elementBytes ?? 1;
  const declared = storage.elementCount * elementBytes;
  if (declared > place.byteLength) {
    throw badInput(
      `${subject}: its storage "${key}" is said to have ${declared} bytes, but has ${place.byteLength}`,
    );
  }
  const byteOffset = place.byteOffset + storage.viewStart * elementBytes;
  return { byteOffset, byteLength: storage.viewCount * elementBytes };
}

interface View {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

function parseView(tensor: PickleTensor, storageCount: number, subject: string): View {
  const shape = integersOf(tensor.size, 'shape', subject);
  const strides = integersOf(tensor.stride, 'strides', subject);
  const elementCount = elementCountOf(shape, subject);
  if (strides.length !== shape.length) {
    throw badInput(`${subject}: has ${shape.length} dimensions, but ${strides.length} strides`);
  }
  if (strides.some((stride) => stride < 0)) {
    throw badInput(`${subject}: has a negative stride in ${formatShape(strides)}`);
  }
  const offset = integerOf(tensor.offset, 'offset', subject);
  const span = elementCount === 0 ? 0 : spanOf(shape, strides);
  if (offset < 0 || offset + span > storageCount)
    throw outside(offset, span, storageCount, subject);
  return { shape, strides, offset };
}

/** Elements from the first to the last of a view that is not empty. */
function spanOf(shape: readonly number[], strides: readonly number[]): number {
  return shape.reduce((span, size, i) => span + (size - 1) * (strides[i] ?? 0), 1);
}

function outside(offset: number, span: number, storageCount: number, subject: string): FusionError {
  return badInput(
    `${subject}: views elements ${offset} to ${offset + span} of a storage that has ${storageCount}`,
  );
}

function integersOf(value: PickleValue, what: string, subject: string): number[] {
  if (!isObject(value) || !('items' in value))
    throw badInput(`${subject}: its ${what} is not a list`);
  if (value.items.length > MAX_RANK) {
    throw badInput(`${subject}: has ${value.items.length} dimensions, the limit is ${MAX_RANK}`);
  }
  return value.items.map((item) => integerOf(item, what, subject));
}

function integerOf(value: PickleValue, what: string, subject: string): number {
  if (typeof value === 'number') return value;
  const given =
    typeof value === 'bigint' ? `a number of ${value.toString(2).length} bits` : 'no integer';
  throw badInput(`${subject}: its ${what} holds ${given}`);
}
