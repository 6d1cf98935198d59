/** Where a weight lies in a file as the runtime can take it: plain float32, float16 or bfloat16. */

import type { TensorEntry } from '../../checkpoint/checkpoint.ts';
import { bitsPerElement, type Dtype } from '../../tensor/dtype.ts';
import { elementCountOf } from '../../tensor/shape.ts';
import type { StoredWeight } from '../graph/serialize.ts';

const TYPES: Partial<Record<Dtype, StoredWeight['type']>> = {
  F32: 'F32',
  F16: 'F16',
  BF16: 'BF16',
};

/** Undefined for types that the runtime does not take. */
export function storedPlace(entry: TensorEntry, location: string): StoredWeight | undefined {
  const { dtype, shape, name, byteOffset } = entry;
  const type = TYPES[dtype];
  if (!type) return undefined;
  const byteLength = (elementCountOf(shape, name) * bitsPerElement(dtype)) / 8;
  return { type, location, byteOffset, byteLength };
}
