/**
 * A unit of work that a worker can do by itself: a range of one output tensor. Tasks are plain data,
 * made by the plan and sent to workers as they are.
 */

import type { TensorEntry } from '../../checkpoint/checkpoint.ts';
import type { Dtype, MergeableDtype } from '../../tensor/dtype.ts';
import type { TensorMerge } from '../method/method.ts';
import type { RowMap } from '../tokenizer/rowMap.ts';

/** A file that tasks read; it must still have the size and time that the plan saw. */
export interface InputFile {
  readonly path: string;
  readonly byteLength: number;
  readonly modifiedMs: number;
}

/** A tensor in an input file. `entry.file` indexes the job's files. */
export interface StoredSource {
  readonly kind: 'stored';
  readonly entry: TensorEntry;
}

/** A tensor whose rows come from the tensors of several models, by a tokenizer's plan. */
export interface GatheredSource {
  readonly kind: 'gathered';
  readonly rowLength: number;
  readonly map: RowMap;
  /** The tensor of each model that the map may name; undefined where the model has none. */
  readonly tables: readonly (TensorEntry | undefined)[];
}

export type TensorSource = StoredSource | GatheredSource;

export interface TaskOutput {
  /** Index into the job's output files. */
  readonly file: number;
  /** Of the tensor's first element (not of the task's). */
  readonly byteOffset: number;
}

/** Merges elements [start, end) of a tensor. */
export interface MergeTask {
  readonly kind: 'merge';
  readonly method: string;
  readonly tensor: TensorMerge;
  readonly start: number;
  readonly end: number;
  readonly base?: TensorSource;
  readonly inputs: readonly TensorSource[];
  readonly precision: 'float32' | 'float64';
  readonly outputDtype: MergeableDtype;
  readonly output: TaskOutput;
}

/** Copies the bytes of a tensor; all inputs must hold the same ones. */
export interface CopyTask {
  readonly kind: 'copy';
  readonly name: string;
  readonly dtype: Dtype;
  readonly byteLength: number;
  readonly inputs: readonly TensorEntry[];
  /** What to call each input in an error. */
  readonly references: readonly string[];
  readonly output: TaskOutput;
}

export type Task = MergeTask | CopyTask;

export interface OutputFile {
  readonly path: string;
  readonly byteLength: number;
}

export interface Job {
  readonly inputFiles: readonly InputFile[];
  readonly outputFiles: readonly OutputFile[];
  readonly tasks: readonly Task[];
}

/** Bytes that a task writes. */
export function outputBytesOf(task: Task): number {
  if (task.kind === 'copy') return task.byteLength;
  return (task.end - task.start) * { F64: 8, F32: 4, F16: 2, BF16: 2 }[task.outputDtype];
}
