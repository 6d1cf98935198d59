/**
 * Opens a folder with ready ONNX files, as transformers.js has them, as a running model:
 * `onnx/*.onnx` beside config and tokenizer. Not a checkpoint: checkpointModel.ts.
 */

import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { badInput } from '../errors.ts';
import { isExistingFolder, statIfExists } from '../io/existing.ts';
import { openPlacedEngine, type PlacementOptions } from './engine/placedEngine.ts';
import { modelOver } from './engineModel.ts';
import type { LanguageModel } from './languageModel.ts';
import { readModelFiles } from './modelFiles.ts';
import { chooseOnnxFiles } from './onnxFiles.ts';

export interface OnnxFolderOptions extends PlacementOptions {
  /** Threads of one operator; one by default. */
  readonly threads?: number;
  /** Name of a file in `onnx`; of encoder and decoder, that of either. */
  readonly file?: string;
}

/** Whether a folder has ONNX files in the place where transformers.js looks for them. */
export async function holdsOnnx(path: string): Promise<boolean> {
  return (await onnxNames(path)).some((name) => name.endsWith('.onnx'));
}

/** @param name as the user named the model */
export async function openOnnxFolder(
  path: string,
  name: string,
  { threads = 1, file, ...placement }: OnnxFolderOptions = {},
): Promise<LanguageModel> {
  const folder = resolve(path);
  if (!(await isExistingFolder(folder))) throw badInput(`${folder}: is no folder`);
  const chosen = chooseOnnxFiles(await onnxNames(folder), file, name);
  const files = await readModelFiles(folder, name);
  const paths = chosen.map((each) => join(folder, 'onnx', each));
  const source = {
    kind: 'onnx',
    paths,
    config: { ...files.generationConfig, ...files.config },
    reference: name,
    threads,
  } as const;
  const engine = await openPlacedEngine(source, await parametersIn(paths), placement);
  return modelOver(engine, files);
}

/** As many as would fill the files in float32: what is quantized has more, and runs them faster. */
async function parametersIn(paths: readonly string[]): Promise<number> {
  const sizes = paths.flatMap((path) => [path, `${path}_data`]).map(statIfExists);
  return (await Promise.all(sizes)).reduce((sum, found) => sum + (found?.size ?? 0) / 4, 0);
}

async function onnxNames(folder: string): Promise<string[]> {
  const path = join(folder, 'onnx');
  return (await isExistingFolder(path)) ? (await readdir(path)).sort() : [];
}
