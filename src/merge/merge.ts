/**
 * The library's entrance to merging: a recipe file in, a checkpoint folder out.
 */

import { badInput } from '../errors.ts';
import type { MergeableDtype } from '../tensor/dtype.ts';
import { planStages, spaceShortage } from './run/planStages.ts';
import { runStages } from './run/runStages.ts';

export interface MergeOptions {
  /** Path of a recipe (mergekit YAML). */
  readonly recipe: string;
  /** Folder to write. */
  readonly out: string;
  /** Folder that relative names start from; the process's own by default. */
  readonly currentFolder?: string;
  /** The local Hugging Face cache; without it no `org/name` is found. */
  readonly cacheFolder?: string;
  /** Worker threads; by default one per core, none for a small merge. */
  readonly threads?: number;
  /** Seed of the methods that draw at random; 0 by default. */
  readonly seed?: number;
  /** Largest size of an output shard in bytes; 5 GB by default. */
  readonly shardSize?: number;
  /** Output dtype, instead of the recipe's. */
  readonly dtype?: MergeableDtype;
  /** Replace `out` if lmfuse made it. */
  readonly overwrite?: boolean;
  /** Leave it to the system when the output reaches the disk. */
  readonly noSync?: boolean;
  /** Record the SHA-256 of all inputs' contents, not only of their headers. */
  readonly hash?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: MergeProgress) => void;
}

export interface MergeProgress {
  /** Name of the document in a multi-document recipe. */
  readonly stage?: string;
  readonly phase: 'hash' | 'merge' | 'sync' | 'finish';
  /** Bytes of output written, of the bytes to write (in phase `hash`: read, to read). */
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

export interface InputSummary {
  readonly reference: string;
  /** The types of its tensors, in the order of the files. */
  readonly dtypes: readonly string[];
  readonly files: readonly {
    readonly name: string;
    readonly byteLength: number;
    readonly headerSha256: string;
    readonly sha256?: string;
  }[];
}

export interface ParameterLine {
  readonly name: string;
  readonly values: string;
}

/** What a merge will do, known from headers alone. */
export interface PlanSummary {
  readonly stage?: string;
  readonly method: string;
  readonly baseModel?: string;
  readonly inputs: readonly InputSummary[];
  readonly tensors: number;
  readonly parameters: number;
  readonly outputBytes: number;
  readonly shards: readonly { readonly name: string; readonly byteLength: number }[];
  readonly dtypes: readonly string[];
  readonly layers?: number;
  readonly vocabulary?: number;
  readonly bytesToRead: number;
  readonly bytesToWrite: number;
  readonly freeBytes: number;
  readonly threads: number;
  readonly estimatedSeconds: number;
  readonly estimatedMemoryBytes: number;
  /** How each method parameter resolves: one value, or a range over the tensors. */
  readonly resolved: readonly ParameterLine[];
  readonly notes: readonly string[];
}

export interface MergeReport {
  readonly out: string;
  /** One per document of the recipe, the last being the output's. */
  readonly stages: readonly PlanSummary[];
  readonly resumed: boolean;
  readonly warnings: readonly string[];
}

/** Plans and checks a merge without reading a tensor. */
export async function planMergeFile(
  options: MergeOptions,
): Promise<{ readonly stages: readonly PlanSummary[]; readonly warnings: readonly string[] }> {
  const planned = await planStages(options);
  const shortage = await spaceShortage(planned);
  const warnings = shortage === undefined ? planned.warnings : [...planned.warnings, shortage];
  return { stages: planned.stages.map(({ summary }) => summary), warnings };
}

/**
 * Merges checkpoints by a recipe. Resolves when `out` is complete; rejects with a FusionError, and
 * then `out` is as it was before.
 */
export async function merge(options: MergeOptions): Promise<MergeReport> {
  const planned = await planStages(options);
  const shortage = await spaceShortage(planned);
  if (shortage !== undefined) throw badInput(shortage);
  return runStages(planned, options);
}
