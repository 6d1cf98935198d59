/**
 * Reads the bytes of a checkpoint's tensors, synchronously and into the caller's memory. Files are
 * opened when first read, few at a time, and must be as they were when their headers were read.
 */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { badInput } from '../errors.ts';
import type { Checkpoint, WeightFile } from './checkpoint.ts';

export interface WeightBytes {
  /** Fills `target` with the bytes of `Checkpoint.files[file]` from `byteOffset` on. */
  readonly read: (file: number, target: Uint8Array, byteOffset: number) => void;
  readonly close: () => void;
}

/** Sharded models have more shards than a process may have files. */
const OPEN_FILES = 64;

export function openWeightBytes({ files }: Checkpoint): WeightBytes {
  const descriptors = new Map<number, number>();
  function descriptorOf(file: number): number {
    const known = descriptors.get(file);
    if (known !== undefined) return known;
    if (descriptors.size === OPEN_FILES) closeOldest(descriptors);
    const descriptor = openUnchanged(files[file]!);
    descriptors.set(file, descriptor);
    return descriptor;
  }
  return {
    read: (file, target, byteOffset) =>
      readFully(descriptorOf(file), files[file]!.path, target, byteOffset),
    close() {
      for (const descriptor of descriptors.values()) closeSync(descriptor);
      descriptors.clear();
    },
  };
}

function closeOldest(descriptors: Map<number, number>): void {
  const [oldest] = descriptors;
  if (!oldest) return;
  closeSync(oldest[1]);
  descriptors.delete(oldest[0]);
}

function openUnchanged({ path, byteLength, modifiedMs }: WeightFile): number {
  const descriptor = explained(path, () => openSync(path, 'r'));
  const stat = fstatSync(descriptor);
  if (stat.size === byteLength && stat.mtimeMs === modifiedMs) return descriptor;
  closeSync(descriptor);
  throw badInput(
    `${path}: has changed since its header was read (${byteLength} bytes then, ${stat.size} now)`,
  );
}

function readFully(descriptor: number, path: string, target: Uint8Array, start: number): void {
  let filled = 0;
  while (filled < target.byteLength) {
    const left = target.byteLength - filled;
    const count = explained(path, () => readSync(descriptor, target, filled, left, start + filled));
    if (count === 0) throw badInput(`${path}: ends at byte ${start + filled}, while being read`);
    filled += count;
  }
}

function explained<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw badInput(`${path}: cannot be read (${(cause as NodeJS.ErrnoException).code})`, cause);
  }
}
