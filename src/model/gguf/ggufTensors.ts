/** The entries of a GGUF file's tensors: that each is possible and lies within the file. */

import { badInput } from '../../errors.ts';
import type { GgufCursor } from './ggufCursor.ts';

interface TensorEntry {
  readonly name: string;
  readonly type: number;
  readonly dims: readonly number[];
  /** From the start of the tensors' bytes. */
  readonly offset: number;
}

interface DataPlace {
  /** Of the file. */
  readonly name: string;
  readonly alignment: number;
  readonly dataLength: number;
}

const MOST_DIMENSIONS = 4;

/** Elements of a block and its bytes, by ggml's number of the type. Newer ones are left to llama.cpp. */
const BLOCKS: Readonly<Record<number, readonly [elements: number, bytes: number]>> = {
  0: [1, 4],
  1: [1, 2],
  2: [32, 18],
  3: [32, 20],
  6: [32, 22],
  7: [32, 24],
  8: [32, 34],
  9: [32, 36],
  10: [256, 84],
  11: [256, 110],
  12: [256, 144],
  13: [256, 176],
  14: [256, 210],
  15: [256, 292],
  16: [256, 66],
  17: [256, 74],
  18: [256, 98],
  19: [256, 50],
  20: [32, 18],
  21: [256, 110],
  22: [256, 82],
  23: [256, 136],
  24: [1, 1],
  25: [1, 2],
  26: [1, 4],
  27: [1, 8],
  28: [1, 8],
  29: [256, 56],
  30: [1, 2],
  34: [256, 54],
  35: [256, 66],
  39: [32, 17],
};

export function readTensorEntries(cursor: GgufCursor, count: number, file: string): TensorEntry[] {
  return Array.from({ length: count }, () => {
    const name = cursor.string("a tensor's name");
    const rank = cursor.uint32();
    if (rank > MOST_DIMENSIONS) {
      throw badInput(
        `${file}: tensor "${name}" has ${rank} dimensions, and ${MOST_DIMENSIONS} is the most`,
      );
    }
    const dims = Array.from({ length: rank }, () => cursor.uint64());
    return { name, dims, type: cursor.uint32(), offset: cursor.uint64() };
  });
}

export function checkTensors(tensors: readonly TensorEntry[], place: DataPlace): void {
  const names = new Set<string>();
  for (const tensor of tensors) {
    if (names.has(tensor.name)) throw badInput(`${place.name}: has tensor "${tensor.name}" twice`);
    names.add(tensor.name);
    checkTensor(tensor, place);
  }
}

function checkTensor(tensor: TensorEntry, { name, alignment, dataLength }: DataPlace): void {
  const subject = `${name}: tensor "${tensor.name}"`;
  if (tensor.offset % alignment !== 0) {
    throw badInput(`${subject} begins at ${tensor.offset}, which is no multiple of ${alignment}`);
  }
  if (tensor.dims.includes(0)) throw badInput(`${subject} has no elements`);
  const [elements, bytes] = BLOCKS[tensor.type] ?? [1, 0];
  if ((tensor.dims[0] ?? 1) % elements !== 0) {
    throw badInput(`${subject} has rows of ${tensor.dims[0]}, which is no multiple of ${elements}`);
  }
  const end = tensor.offset + tensor.dims.reduce((size, dim) => size * dim, bytes / elements);
  if (end > dataLength) {
    throw badInput(
      `${subject} ends at byte ${end} of the tensors, of which the file has ${dataLength}`,
    );
  }
}
