/** A name to a running model: the one place that knows every kind. */

import { resolve } from 'node:path';
import { type ResolveOptions, resolveModel } from './checkpoint/reference.ts';
import { isExistingFile } from './io/existing.ts';
import { openCheckpointModel } from './model/checkpointModel.ts';
import type { LanguageModel } from './model/languageModel.ts';
import { openPredictions } from './model/predictions.ts';

export interface OpenModelOptions extends ResolveOptions {
  /** Threads of a checkpoint's operators. */
  readonly threads?: number;
}

export async function openModel(name: string, options: OpenModelOptions): Promise<LanguageModel> {
  const path = resolve(options.currentFolder, name);
  const isPredictions = /\.(jsonl|ndjson|csv|tsv)(\.gz)?$/i.test(path);
  if (isPredictions && (await isExistingFile(path))) return openPredictions(path, name);
  const { path: folder } = await resolveModel(name, options);
  const threads = options.threads === undefined ? {} : { threads: options.threads };
  return openCheckpointModel(folder, name, threads);
}
