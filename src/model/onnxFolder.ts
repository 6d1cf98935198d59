/**
 * Opens a folder with ready ONNX files, as transformers.js has them, as a running model on a thread of
 * its own: `onnx/*.onnx` beside config and tokenizer. Not a checkpoint: checkpointModel.ts.
 */

import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { badInput } from '../errors.ts';
import { isExistingFolder } from '../io/existing.ts';
import { startEngine } from './engine/remoteEngine.ts';
import { modelOver } from './engineModel.ts';
import type { LanguageModel } from './languageModel.ts';
import { readModelFiles } from './modelFiles.ts';
import { chooseOnnxFiles } from './onnxFiles.ts';

export interface OnnxFolderOptions {
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
  { threads = 1, file }: OnnxFolderOptions = {},
): Promise<LanguageModel> {
  const folder = resolve(path);
  if (!(await isExistingFolder(folder))) throw badInput(`${folder}: is no folder`);
  const chosen = chooseOnnxFiles(await onnxNames(folder), file, name);
  const files = await readModelFiles(folder, name);
  const engine = await startEngine({
    kind: 'onnx',
    paths: chosen.map((each) => join(folder, 'onnx', each)),
    config: { ...files.generationConfig, ...files.config },
    reference: name,
    threads,
  });
  return modelOver(engine, files);
}

async function onnxNames(folder: string): Promise<string[]> {
  const path = join(folder, 'onnx');
  return (await isExistingFolder(path)) ? (await readdir(path)).sort() : [];
}
