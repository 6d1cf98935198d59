/** Temporary folders, tiny checkpoints and recipes for tests of merging. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serializeSafetensorsHeader } from '../../src/checkpoint/safetensors/serialize.ts';
import type { Dtype } from '../../src/tensor/dtype.ts';

export interface TinyTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export function scratchFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'lmfuse-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function f32(shape: readonly number[], values: ArrayLike<number>): TinyTensor {
  const bytes = new Uint8Array(Float32Array.from(values).buffer);
  return { dtype: 'F32', shape, bytes };
}

export function f64(shape: readonly number[], values: ArrayLike<number>): TinyTensor {
  return { dtype: 'F64', shape, bytes: new Uint8Array(Float64Array.from(values).buffer) };
}

export function i64(shape: readonly number[], values: readonly number[]): TinyTensor {
  const bytes = new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
  return { dtype: 'I64', shape, bytes };
}

export function u8(dtype: Dtype, shape: readonly number[], values: readonly number[]): TinyTensor {
  return { dtype, shape, bytes: Uint8Array.from(values) };
}

/** The bytes of a safetensors file. */
export function safetensors(tensors: Readonly<Record<string, TinyTensor>>): Buffer {
  const named = Object.entries(tensors).map(([name, tensor]) => ({ name, ...tensor }));
  const { bytes } = serializeSafetensorsHeader(named, { format: 'pt' });
  return Buffer.concat([bytes, ...named.map((tensor) => tensor.bytes)]);
}

export function writeModel(
  folder: string,
  tensors: Readonly<Record<string, TinyTensor>>,
  config?: object,
): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'model.safetensors'), safetensors(tensors));
  if (config) writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
}

export function writeRecipe(folder: string, text: string, name = 'recipe.yml'): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
