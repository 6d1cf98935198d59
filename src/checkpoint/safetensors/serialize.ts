/**
 * The header of a safetensors file to be written. Tensors lie in the given order, without gaps;
 * the caller writes each one's bytes at its offset. Writes no file.
 */

import { FusionError } from '../../errors.ts';
import { byteLengthOf, type Dtype } from '../../tensor/dtype.ts';
import { elementCountOf, formatShape, type Shape } from '../../tensor/shape.ts';
import { headerTooLong, LENGTH_BYTES, MAX_HEADER_BYTES, METADATA_KEY } from './parse.ts';

export interface TensorLayout {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
}

export interface SerializedHeader {
  /** The start of the file: 8 bytes of length and the JSON. */
  readonly bytes: Uint8Array;
  /** Where each tensor's bytes start in the file, in the given order. */
  readonly offsets: number[];
  /** Of the whole file. */
  readonly byteLength: number;
}

/** The data starts at a multiple of this, so that readers which map the file get aligned numbers. */
const ALIGNMENT = 8;

export function serializeSafetensorsHeader(
  tensors: readonly TensorLayout[],
  metadata: Readonly<Record<string, string>>,
): SerializedHeader {
  assertNames(tensors);
  const starts: number[] = [];
  const members = Object.keys(metadata).length > 0 ? [member(METADATA_KEY, metadata)] : [];
  let position = 0;
  for (const { name, dtype, shape } of tensors) {
    const end = position + tensorByteLength(name, dtype, shape);
    // Not through one big object: JavaScript would move names such as "0" to the front.
    members.push(member(name, { dtype, shape, data_offsets: [position, end] }));
    starts.push(position);
    position = end;
  }
  const bytes = frame(`{${members.join(',')}}`);
  return {
    bytes,
    offsets: starts.map((start) => bytes.length + start),
    byteLength: bytes.length + position,
  };
}

function member(key: string, value: unknown): string {
  return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
}

function tensorByteLength(name: string, dtype: Dtype, shape: Shape): number {
  const byteLength = byteLengthOf(dtype, elementCountOf(shape, `tensor ${JSON.stringify(name)}`));
  if (byteLength !== undefined) return byteLength;
  throw new FusionError(
    'internal',
    `tensor ${JSON.stringify(name)}: shape ${formatShape(shape)} of ${dtype} does not fill whole bytes`,
  );
}

/** Length, JSON, and spaces up to the alignment. */
function frame(json: string): Uint8Array {
  const encoded = new TextEncoder().encode(json);
  const length = Math.ceil(encoded.length / ALIGNMENT) * ALIGNMENT;
  if (length > MAX_HEADER_BYTES) throw headerTooLong(length, 'output');
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(encoded, LENGTH_BYTES);
  return bytes;
}

function assertNames(tensors: readonly TensorLayout[]): void {
  const seen = new Set<string>([METADATA_KEY]);
  for (const { name } of tensors) {
    if (seen.has(name)) {
      throw new FusionError(
        'internal',
        `tensor ${JSON.stringify(name)} is to be written twice, or its name is reserved`,
      );
    }
    seen.add(name);
  }
}
