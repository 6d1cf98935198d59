/** Reads the compiled kernels from beside this file (Node); a browser hands the bytes itself. */

import { readFileSync } from 'node:fs';
import { compileKernels } from './simd.ts';

export function loadKernelModule(): WebAssembly.Module {
  return compileKernels(new Uint8Array(readFileSync(new URL('./kernels.wasm', import.meta.url))));
}
