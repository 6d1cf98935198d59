/** The files of a job as one worker sees them: opened when first used, read and written in place. */

import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { badInput } from '../../errors.ts';
import { explainSystemError } from '../../io/systemError.ts';
import type { InputFile, Job } from './task.ts';

export interface TaskFiles {
  /** Fills `target` with the input file's bytes from `byteOffset` on. */
  readonly read: (file: number, target: Uint8Array, byteOffset: number) => void;
  readonly write: (file: number, source: Uint8Array, byteOffset: number) => void;
  readonly close: () => void;
}

/** Open input files at the most; sharded models have more shards than a process may have files. */
const OPEN_FILES = 128;

export function openTaskFiles(job: Job): TaskFiles {
  const inputs = new Map<number, number>();
  const outputs = new Map<number, number>();

  function inputDescriptor(file: number): number {
    const known = inputs.get(file);
    if (known !== undefined) return known;
    if (inputs.size === OPEN_FILES) closeOldest(inputs);
    const descriptor = openUnchanged(job.inputFiles[file]!);
    inputs.set(file, descriptor);
    return descriptor;
  }
  function outputDescriptor(file: number): number {
    const known = outputs.get(file);
    if (known !== undefined) return known;
    const { path } = job.outputFiles[file]!;
    const descriptor = attempt(path, 'cannot be written', () => openSync(path, 'r+'));
    outputs.set(file, descriptor);
    return descriptor;
  }
  return {
    read: (file, target, byteOffset) =>
      readFully(inputDescriptor(file), job.inputFiles[file]!.path, target, byteOffset),
    write: (file, source, byteOffset) =>
      writeFully(outputDescriptor(file), job.outputFiles[file]!.path, source, byteOffset),
    close() {
      for (const descriptor of [...inputs.values(), ...outputs.values()]) closeSync(descriptor);
      inputs.clear();
      outputs.clear();
    },
  };
}

function closeOldest(descriptors: Map<number, number>): void {
  const [oldest] = descriptors;
  if (!oldest) return;
  closeSync(oldest[1]);
  descriptors.delete(oldest[0]);
}

function openUnchanged({ path, byteLength, modifiedMs }: InputFile): number {
  const descriptor = attempt(path, 'cannot be read', () => openSync(path, 'r'));
  const stat = fstatSync(descriptor);
  if (stat.size === byteLength && stat.mtimeMs === modifiedMs) return descriptor;
  closeSync(descriptor);
  throw badInput(
    `${path}: has changed since the merge was planned (${byteLength} bytes then, ${stat.size} now)`,
  );
}

function readFully(descriptor: number, path: string, target: Uint8Array, start: number): void {
  let filled = 0;
  while (filled < target.byteLength) {
    const count = attempt(path, 'cannot be read', () =>
      readSync(descriptor, target, filled, target.byteLength - filled, start + filled),
    );
    if (count === 0) throw badInput(`${path}: ends at byte ${start + filled}, while being read`);
    filled += count;
  }
}

function writeFully(descriptor: number, path: string, source: Uint8Array, start: number): void {
  let done = 0;
  while (done < source.byteLength) {
    done += attempt(path, 'cannot be written', () =>
      writeSync(descriptor, source, done, source.byteLength - done, start + done),
    );
  }
}

function attempt<T>(path: string, what: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw explainSystemError(path, what, cause);
  }
}
