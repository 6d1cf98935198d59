/** Makes small checkpoints in temporary folders, for the tests of this folder. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  serializeSafetensorsHeader,
  type TensorLayout,
} from '../../src/checkpoint/safetensors/serialize.ts';
import { FusionError } from '../../src/errors.ts';

export const FORMATS = join(import.meta.dirname, '..', 'formats');

/** A new folder with the given files; it goes away when the test ends. */
export function makeFolder(files: Record<string, Uint8Array | string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'lmfuse-checkpoint-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  addFiles(folder, files);
  return folder;
}

export function addFiles(folder: string, files: Record<string, Uint8Array | string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/** A safetensors file of tensors whose bytes are all zero. */
export function zeros(...tensors: TensorLayout[]): Uint8Array {
  const { bytes, byteLength } = serializeSafetensorsHeader(tensors, {});
  const file = new Uint8Array(byteLength);
  file.set(bytes);
  return file;
}

/** A safetensors file that holds a small F32 tensor under each name. */
export function named(...names: string[]): Uint8Array {
  return zeros(...names.map((name) => ({ name, dtype: 'F32', shape: [2] }) as const));
}

export function indexOf(weightMap: Record<string, string>): string {
  return JSON.stringify({ metadata: { total_size: 1 }, weight_map: weightMap });
}

/** The message of the bad_input error that `action` ends in. */
export async function messageOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    if (error instanceof FusionError && error.code === 'bad_input') return error.message;
    throw error;
  }
  throw new Error('no error was raised');
}
