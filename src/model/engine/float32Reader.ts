/**
 * Stored elements to float32, chunk by chunk through one small memory of the kernels. What is float32
 * already is read to where it belongs.
 */

import type { TensorEntry } from '../../checkpoint/checkpoint.ts';
import { badInput } from '../../errors.ts';
import { loadKernelModule } from '../../kernel/load.ts';
import { createSimdKernels } from '../../kernel/simd.ts';
import { bytesPerElement, isMergeable } from '../../tensor/dtype.ts';
import { elementCountOf } from '../../tensor/shape.ts';

/** Brings the elements [start, end), as stored, to memory. */
type ReadElements = (start: number, end: number, target: Uint8Array) => void;

const PAGE_BYTES = 65536;
const CHUNK_ELEMENTS = 2 ** 17;
/** The first page is left to the module's own data. */
const STORED = PAGE_BYTES;
const DECODED = STORED + CHUNK_ELEMENTS * 8;
const PAGES = (DECODED + CHUNK_ELEMENTS * 4) / PAGE_BYTES;

export function createFloat32Reader(): (entry: TensorEntry, read: ReadElements) => Float32Array {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const kernels = createSimdKernels(loadKernelModule(), memory);
  return (entry, read) => {
    const count = elementCountOf(entry.shape, entry.name);
    const values = new Float32Array(count);
    const { dtype } = entry;
    if (dtype === 'F32') {
      read(0, count, new Uint8Array(values.buffer));
      return values;
    }
    if (!isMergeable(dtype)) throw notANumber(entry);
    for (let start = 0; start < count; start += CHUNK_ELEMENTS) {
      const size = Math.min(CHUNK_ELEMENTS, count - start);
      const stored = new Uint8Array(memory.buffer, STORED, size * bytesPerElement(dtype));
      read(start, start + size, stored);
      if (dtype === 'F64') values.set(new Float64Array(memory.buffer, STORED, size), start);
      else {
        kernels.decode(dtype, STORED, DECODED, size);
        values.set(new Float32Array(memory.buffer, DECODED, size), start);
      }
    }
    return values;
  };
}

function notANumber({ name, dtype }: TensorEntry) {
  return badInput(
    `tensor "${name}" is ${dtype}, and only F64, F32, F16 and BF16 weights can be run`,
  );
}
