/** A folder with models and recipes to merge, made for one test and gone after it. */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import type { FusionError } from '../../src/errors.ts';
import { type MergeOptions, type MergeReport, merge } from '../../src/merge/merge.ts';
import { decode, encode, type FloatDtype } from './encode.ts';

/** A tensor to be written: numbers, or bytes of any dtype. */
export interface TensorSpec {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export type ModelTensors = Readonly<Record<string, TensorSpec>>;
export type Files = Readonly<Record<string, string | Uint8Array | object>>;

export function tensor(
  shape: readonly number[],
  values: ArrayLike<number> | ((index: number) => number),
  dtype: FloatDtype = 'F32',
): TensorSpec {
  const count = shape.reduce((product, size) => product * size, 1);
  const numbers =
    typeof values === 'function' ? Array.from({ length: count }, (_, i) => values(i)) : values;
  if (numbers.length !== count) throw new Error(`${numbers.length} values for shape [${shape}]`);
  return { dtype, shape, bytes: encode(dtype, numbers) };
}

/** A safetensors file, written by hand. */
export function safetensors(tensors: ModelTensors, metadata?: Record<string, string>): Uint8Array {
  // Not through one object, which would take a name such as "__proto__" for something else.
  const members = metadata ? [member('__metadata__', metadata)] : [];
  let position = 0;
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    const data_offsets = [position, position + bytes.length];
    members.push(member(name, { dtype, shape, data_offsets }));
    position += bytes.length;
  }
  const bodies = Object.values(tensors).map(({ bytes }) => bytes);
  return rawSafetensors(`{${members.join(',')}}`, Buffer.concat(bodies));
}

function member(key: string, value: object): string {
  return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
}

export function rawSafetensors(header: string, body: Uint8Array = new Uint8Array()): Uint8Array {
  const json = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, body]);
}

export interface Scene {
  readonly folder: string;
  readonly path: (name: string) => string;
  readonly write: (files: Files) => void;
  /** A model folder: one weight file, and whatever else is given. */
  readonly model: (name: string, tensors: ModelTensors, files?: Files) => void;
  /** Merges by a recipe, given as an object, text or (with `options.recipe`) a file. */
  readonly merge: (recipe: object | string, options?: SceneOptions) => Promise<MergeReport>;
}

export type SceneOptions = Partial<MergeOptions>;

export function makeScene(): Scene {
  const folder = mkdtempSync(join(tmpdir(), 'lmfuse-merge-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = (name: string) => join(folder, name);
  const write = (files: Files) => writeFiles(folder, files);
  return {
    folder,
    path,
    write,
    model(name, tensors, files = {}) {
      write({ [`${name}/model.safetensors`]: safetensors(tensors) });
      writeFiles(path(name), files);
    },
    merge: (recipe, options = {}) => merge(mergeOptions(folder, recipe, options)),
  };
}

export function writeFiles(folder: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    const isRaw = typeof content === 'string' || content instanceof Uint8Array;
    writeFileSync(join(folder, name), isRaw ? content : JSON.stringify(content, null, 2));
  }
}

/** What `merge` is called with; writes the recipe. */
export function mergeOptions(
  folder: string,
  recipe: object | string,
  options: SceneOptions,
): MergeOptions {
  const text = typeof recipe === 'string' ? recipe : stringify(recipe);
  writeFileSync(join(folder, 'recipe.yml'), text);
  return { recipe: 'recipe.yml', out: 'out', currentFolder: folder, noSync: true, ...options };
}

export interface ReadTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** All tensors of a folder's safetensors files, read by hand; names must be unique. */
export function readFolder(folder: string): Map<string, ReadTensor> {
  const tensors = new Map<string, ReadTensor>();
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith('.safetensors'))
    .sort()) {
    const bytes = readFileSync(join(folder, file));
    const start = 8 + Number(bytes.readBigUInt64LE());
    const header = JSON.parse(bytes.subarray(8, start).toString()) as Record<
      string,
      { dtype: string; shape: number[]; data_offsets: [number, number] }
    >;
    for (const [name, entry] of Object.entries(header)) {
      if (name === '__metadata__') continue;
      if (tensors.has(name)) throw new Error(`${name} is in two files`);
      const [from, to] = entry.data_offsets;
      tensors.set(name, { ...entry, bytes: bytes.subarray(start + from, start + to) });
    }
  }
  return tensors;
}

export function valuesOf(tensors: ReadonlyMap<string, ReadTensor>, name: string): number[] {
  const found = tensors.get(name);
  if (!found) throw new Error(`${name} is not among ${[...tensors.keys()].join(', ')}`);
  return [...decode(found.dtype as FloatDtype, found.bytes)];
}

/** Every file of a folder by its relative name. */
export function snapshot(folder: string): Map<string, Buffer> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  return new Map(names.sort().map((name) => [name, readFileSync(join(folder, name))]));
}

export function expectSameFiles(
  actual: ReadonlyMap<string, Buffer>,
  expected: ReadonlyMap<string, Buffer>,
) {
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, bytes] of expected) expect(actual.get(name)?.equals(bytes), name).toBe(true);
}

/** Asserts that nothing of an output is left. */
export function expectNoOutput(scene: Scene, out = 'out'): void {
  for (const suffix of ['', '.lmfuse-partial', '.lmfuse-old']) {
    expect(existsSync(scene.path(out + suffix)), `${out}${suffix} exists`).toBe(false);
  }
}

/** The message of the bad_input error that `action` rejects with. */
export async function refusal(action: () => Promise<unknown>): Promise<string> {
  try {
    await action();
  } catch (error) {
    // Not by instanceof: the built package has a class of its own.
    const { code, message } = error as FusionError;
    if (code === 'bad_input') return message;
    throw error;
  }
  throw new Error('nothing was refused');
}

export interface Generator {
  /** Uniform in [0, 1). */
  readonly uniform: () => number;
  readonly normal: () => number;
  readonly integer: (below: number) => number;
}

/** mulberry32: small, seeded, and shared with nothing. */
export function generator(seed: number): Generator {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal, integer: (below) => Math.floor(uniform() * below) };
}
