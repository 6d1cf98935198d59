/**
 * A checkpoint: named tensors on disk, with a config and a tokenizer. Only headers are held here;
 * a tensor is a place in a file, never its values.
 */

import type { Dtype } from '../tensor/dtype.ts';
import type { Shape } from '../tensor/shape.ts';

/** Where a tensor's elements lie. All numbers are exact integers, checked against the file. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
  /** Index into `Checkpoint.files`. */
  readonly file: number;
  /** Offset in the file of the element at index [0, 0, ...]. */
  readonly byteOffset: number;
  /**
   * Distance in elements between neighbours, per dimension; absent when the elements lie in
   * row-major order without gaps (always so in safetensors).
   */
  readonly strides?: readonly number[];
}

/** A file that holds tensors. */
export interface WeightFile {
  /** Path relative to the checkpoint's folder (or the file's own name for a single file). */
  readonly name: string;
  readonly path: string;
  readonly byteLength: number;
  readonly modifiedMs: number;
  /** SHA-256, in hex, of the bytes that describe the tensors (safetensors header, pickle). */
  readonly headerSha256: string;
}

/** What one weight file says: the result of a format's reader. */
export interface WeightFileContents {
  readonly headerSha256: string;
  /** Tensors in the order of the file, `file` being 0. */
  readonly tensors: readonly TensorEntry[];
  /** Free-form text that the file carries (`__metadata__` in safetensors). */
  readonly metadata: Readonly<Record<string, string>>;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface Checkpoint {
  /** As the user named it. */
  readonly reference: string;
  /** Absolute path of the folder (or of the single file). */
  readonly path: string;
  readonly files: readonly WeightFile[];
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** config.json, when there is one. */
  readonly config: JsonObject | undefined;
  /** Names, relative to the folder and sorted, of all files that hold no weights. */
  readonly otherFiles: readonly string[];
}
