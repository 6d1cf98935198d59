/**
 * Writes GGUF version 3, as ggml's specification has it: a header, metadata, the tensors' entries, and
 * their aligned bytes. Not a converter of checkpoints (llamaGguf.ts).
 */

export type GgufValue =
  | { readonly uint32: number }
  | { readonly int32: number }
  | { readonly float32: number }
  | { readonly bool: boolean }
  | { readonly string: string }
  | { readonly strings: readonly string[] }
  | { readonly float32s: readonly number[] }
  | { readonly int32s: readonly number[] };

export interface GgufTensor {
  readonly name: string;
  /** As in a checkpoint: rows, then columns. GGUF stores them the other way around. */
  readonly shape: readonly number[];
  readonly data: Float32Array | Blocks;
}

/** Numbers as ggml stores a few of them together. */
export interface Blocks {
  /** ggml's number. */
  readonly type: number;
  readonly bytes: Uint8Array;
}

export interface GgufContents {
  readonly metadata: Readonly<Record<string, GgufValue>>;
  readonly tensors: readonly GgufTensor[];
}

const ALIGNMENT = 32;
const TYPES = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;
const FLOAT32_TENSOR = 0;

export function serializeGguf({ metadata, tensors }: GgufContents): Uint8Array {
  const entries = Object.entries(metadata);
  const parts = [Buffer.from('GGUF'), uint32(3), uint64(tensors.length), uint64(entries.length)];
  for (const [key, value] of entries) parts.push(string(key), ...valueBytes(value));
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    const dims = [...shape].reverse().map(uint64);
    const { type, bytes } = blocksOf(data);
    parts.push(string(name), uint32(shape.length), ...dims, uint32(type), uint64(offset));
    offset += aligned(bytes.length);
  }
  const header = Buffer.concat(parts);
  const bytes = Buffer.alloc(aligned(header.length) + offset);
  header.copy(bytes);
  let at = aligned(header.length);
  for (const { data } of tensors) {
    const { bytes: stored } = blocksOf(data);
    bytes.set(stored, at);
    at += aligned(stored.length);
  }
  return bytes;
}

function blocksOf(data: Float32Array | Blocks): Blocks {
  if (!(data instanceof Float32Array)) return data;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { type: FLOAT32_TENSOR, bytes };
}

function valueBytes(value: GgufValue): Buffer[] {
  if ('strings' in value) return array(TYPES.string, value.strings.map(string));
  if ('float32s' in value) return array(TYPES.float32, value.float32s.map(float32));
  if ('int32s' in value) return array(TYPES.int32, value.int32s.map(int32));
  if ('string' in value) return [uint32(TYPES.string), string(value.string)];
  if ('uint32' in value) return [uint32(TYPES.uint32), uint32(value.uint32)];
  if ('int32' in value) return [uint32(TYPES.int32), int32(value.int32)];
  if ('float32' in value) return [uint32(TYPES.float32), float32(value.float32)];
  return [uint32(TYPES.bool), Buffer.of(value.bool ? 1 : 0)];
}

function array(type: number, elements: readonly Buffer[]): Buffer[] {
  return [uint32(TYPES.array), uint32(type), uint64(elements.length), ...elements];
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function float32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function aligned(size: number): number {
  return Math.ceil(size / ALIGNMENT) * ALIGNMENT;
}
