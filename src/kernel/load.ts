/** Reads the compiled kernels of this package (Node); a browser hands the bytes itself. */

import { readFileSync } from 'node:fs';
import { packageFile } from '../io/packageFile.ts';
import { compileKernels } from './simd.ts';

export function loadKernelModule(): WebAssembly.Module {
  return compileKernels(new Uint8Array(readFileSync(packageFile('dist/kernels.wasm'))));
}
