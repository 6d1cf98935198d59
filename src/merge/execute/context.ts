/** One thread's means to run tasks: its share of the memory, the kernels over it, its files. */

import type { Kernels } from '../../kernel/kernels.ts';
import { createScalarKernels } from '../../kernel/scalar.ts';
import { createSimdKernels } from '../../kernel/simd.ts';
import type { Control } from './control.ts';
import { CHUNK_NUMBERS, type TaskContext } from './runTask.ts';
import type { MergeTask } from './task.ts';
import type { TaskFiles } from './taskFiles.ts';

export interface ThreadMemory {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly arenaStart: number;
  readonly arenaEnd: number;
}

export function createTaskContext(
  { memory, module, arenaStart, arenaEnd }: ThreadMemory,
  files: TaskFiles,
  control: Control,
): TaskContext {
  const kernels: Partial<Record<MergeTask['precision'], Kernels>> = {};
  const create = {
    float32: () => createSimdKernels(module, memory),
    float64: () => createScalarKernels(memory.buffer, 'float64'),
  };
  return {
    arena: { buffer: memory.buffer, start: arenaStart, end: arenaEnd },
    files,
    chunkNumbers: CHUNK_NUMBERS,
    kernels(precision) {
      const known = kernels[precision] ?? create[precision]();
      kernels[precision] = known;
      return known;
    },
    onRead: control.addRead,
    onWrite: control.addWritten,
    isAborted: control.isStopped,
  };
}

const PAGE_BYTES = 65536;
/** The first page is left to the module's own data. */
const RESERVED_PAGES = 1;

/** One shared memory with an arena of at least `arenaBytes` for each thread. */
export function createThreadMemories(
  module: WebAssembly.Module,
  arenaBytes: number,
  threads: number,
): ThreadMemory[] {
  const arenaPages = Math.ceil(arenaBytes / PAGE_BYTES);
  const pages = RESERVED_PAGES + arenaPages * threads;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  return Array.from({ length: threads }, (_, i) => {
    const arenaStart = (RESERVED_PAGES + i * arenaPages) * PAGE_BYTES;
    return { memory, module, arenaStart, arenaEnd: arenaStart + arenaPages * PAGE_BYTES };
  });
}
