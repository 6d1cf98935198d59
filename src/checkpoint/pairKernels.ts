/**
 * Sums over a chunk of two tensors' stored bytes, by the kernels: tiles are decoded, subtracted and
 * multiplied in one small memory. Not a comparison of checkpoints: see compareTensors.ts.
 */

import { type Kernels, type Pointer, TILE_NUMBERS } from '../kernel/kernels.ts';
import { loadKernelModule } from '../kernel/load.ts';
import { createScalarKernels } from '../kernel/scalar.ts';
import { createSimdKernels } from '../kernel/simd.ts';
import { bytesPerElement, type MergeableDtype } from '../tensor/dtype.ts';
import { addPairs, type PairSums } from './pairSums.ts';

/** Elements that are read at once; 2 MiB of the widest type. */
export const CHUNK_ELEMENTS = 2 ** 18;
const CHUNK_BYTES = CHUNK_ELEMENTS * 8;

export interface PairKernels {
  /** Where the stored bytes of a chunk of `a` and of `b` are to be put: CHUNK_BYTES each. */
  readonly chunkA: Uint8Array;
  readonly chunkB: Uint8Array;
  /** Adds the first `count` elements of the two chunks. */
  readonly add: (
    sums: PairSums,
    dtypeA: MergeableDtype,
    dtypeB: MergeableDtype,
    count: number,
  ) => void;
}

const PAGE_BYTES = 65536;
/** The first page is left to the module's own data. */
const CHUNK_A: Pointer = PAGE_BYTES;
const CHUNK_B: Pointer = CHUNK_A + CHUNK_BYTES;
const TILE_BYTES = TILE_NUMBERS * 8;
const TILE_A: Pointer = CHUNK_B + CHUNK_BYTES;
const TILE_B: Pointer = TILE_A + TILE_BYTES;
const TILE_DELTA: Pointer = TILE_B + TILE_BYTES;
const LIST: Pointer = TILE_DELTA + TILE_BYTES;
const GRAM: Pointer = LIST + 16;
const PAGES = Math.ceil((GRAM + 24) / PAGE_BYTES);

export function createPairKernels(): PairKernels {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const simd = createSimdKernels(loadKernelModule(), memory);
  const float64 = createScalarKernels(memory.buffer, 'float64');
  new Uint32Array(memory.buffer, LIST, 2).set([TILE_A, TILE_B]);
  return {
    chunkA: new Uint8Array(memory.buffer, CHUNK_A, CHUNK_BYTES),
    chunkB: new Uint8Array(memory.buffer, CHUNK_B, CHUNK_BYTES),
    add(sums, dtypeA, dtypeB, count) {
      const isWide = dtypeA === 'F64' || dtypeB === 'F64';
      const kernels = isWide ? float64 : simd;
      for (let start = 0; start < count; start += TILE_NUMBERS) {
        const length = Math.min(TILE_NUMBERS, count - start);
        kernels.decode(dtypeA, CHUNK_A + start * bytesPerElement(dtypeA), TILE_A, length);
        kernels.decode(dtypeB, CHUNK_B + start * bytesPerElement(dtypeB), TILE_B, length);
        if (isWide) addWideTile(sums, memory.buffer, length);
        else addTile(sums, simd, memory.buffer, length);
      }
    },
  };
}

function addTile(sums: PairSums, simd: Kernels, buffer: ArrayBufferLike, length: number): void {
  const gram = new Float64Array(buffer, GRAM, 3).fill(0);
  simd.subtract(TILE_B, TILE_A, TILE_DELTA, length);
  simd.addGram(LIST, 2, GRAM, length);
  const dd = simd.dot(TILE_DELTA, TILE_DELTA, length);
  const [aa, ab, bb] = gram as unknown as [number, number, number];
  // A sum is finite only if all elements are: no sum of float32 products overflows a float64.
  if (!Number.isFinite(aa + bb + dd)) {
    addPairs(sums, numbersAt(buffer, TILE_A, length), numbersAt(buffer, TILE_B, length));
    return;
  }
  sums.aa += aa;
  sums.ab += ab;
  sums.bb += bb;
  sums.dd += dd;
  sums.elements += length;
  sums.unchanged += simd.countKey(TILE_DELTA, 0, length);
}

function addWideTile(sums: PairSums, buffer: ArrayBufferLike, length: number): void {
  const a = new Float64Array(buffer, TILE_A, length);
  const b = new Float64Array(buffer, TILE_B, length);
  addPairs(sums, a, b);
}

function numbersAt(buffer: ArrayBufferLike, at: Pointer, length: number): Float32Array {
  return new Float32Array(buffer, at, length);
}
