/** What all ways of fitting read: the data, its hash, the columns of the task. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { WeightSettings } from '../ensemble/fit/weightReport.ts';
import type { Task } from '../ensemble/kind/kind.ts';
import type { FusionRecipe } from '../ensemble/recipe/parseFusion.ts';
import type { FittedNumbers } from '../ensemble/recipe/writeFitted.ts';
import { badInput } from '../errors.ts';
import type { ColumnOverrides } from '../task/data/columns.ts';
import type { DataInput } from '../task/data/input.ts';
import { type Example, readRecords } from '../task/data/readRecords.ts';
import type { CliContext } from './context.ts';

export interface FitCommandOptions extends WeightSettings {
  readonly data?: string;
  readonly out: string;
  readonly columns?: ColumnOverrides;
  readonly metric?: string;
  readonly folds: number;
  readonly seed: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly overwrite?: boolean;
}

export interface FitRequest extends FitCommandOptions {
  /** Of the recipe. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

export interface Fitted {
  readonly numbers: FittedNumbers;
  /** For standard output. */
  readonly shown: string;
}

export interface FitData {
  readonly name: string;
  readonly sha256: string;
  readonly input: DataInput;
}

/** The data of the command, or else of the recipe. */
export async function fitData(
  { file, toFit }: FusionRecipe,
  { data }: FitCommandOptions,
  { currentFolder }: CliContext,
): Promise<FitData> {
  const name = data ?? toFit?.fit;
  if (name === undefined) throw badInput(`${file}: say by --data what to fit the weights to`);
  const bytes = await readFile(resolve(currentFolder, name));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name, sha256, input: { name, bytes: oneChunk(bytes) } };
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

export interface TextExample {
  readonly id: string;
  readonly group?: string;
  readonly source?: string;
  readonly target: string;
}

/** Sources and targets; or texts that a causal model is to find probable. */
export async function textExamples(
  task: Task,
  { input }: FitData,
  columns: ColumnOverrides | undefined,
): Promise<readonly TextExample[]> {
  if (task === 'translation') {
    return readRecords(input, { columns, required: ['source', 'target'] });
  }
  const rows: (Example & { readonly text: string })[] = await readRecords(input, {
    columns,
    required: ['text'],
  });
  return rows.map(({ id, text }) => ({ id, target: text }));
}
