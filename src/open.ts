/**
 * A name to a running model: the one place that knows every kind.
 *
 *   http://host/v1#model          an OpenAI-compatible endpoint
 *   model.gguf                    llama.cpp
 *   model.arpa, model.arpa.gz     an n-gram model
 *   predictions.jsonl, .csv, .tsv what a model said before
 *   a folder, or org/name         a checkpoint, or else its onnx/ folder; found by the rule of Merge
 *
 * Nothing is downloaded and the environment is not read.
 */

import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { type ResolveOptions, resolveModel } from './checkpoint/reference.ts';
import { badInput } from './errors.ts';
import { isExistingFile, statIfExists } from './io/existing.ts';
import { type OpenOptions, openCheckpointModel } from './model/checkpointModel.ts';
import { openGgufModel } from './model/gguf/openGgufModel.ts';
import { isHttpModelName } from './model/http/endpoint.ts';
import { type HttpClassifierOptions, httpClassifier } from './model/http/httpClassifier.ts';
import { type HttpModelOptions, openHttpModel } from './model/http/openHttpModel.ts';
import type { LanguageModel } from './model/languageModel.ts';
import { openNgramModel } from './model/ngram/ngramModel.ts';
import { openOnnxFolder } from './model/onnxFolder.ts';
import { openPredictions } from './model/predictions.ts';

export interface OpenModelOptions extends ResolveOptions {
  /** Threads of a checkpoint's operators. */
  readonly threads?: number;
  /** For models behind HTTP: key, API, limits. */
  readonly http?: Omit<HttpModelOptions, 'name'>;
  /** Makes a classifier of a model behind HTTP. */
  readonly labelling?: HttpClassifierOptions;
  /** Whether a checkpoint runs on a thread of its own; by default if it is not small. */
  readonly ownThread?: boolean;
  /** Which of the files in `onnx/` runs, such as `model_quantized`. */
  readonly onnxFile?: string;
}

type OpenFile = (path: string, name: string, options: OpenModelOptions) => Promise<LanguageModel>;

const FILES: readonly (readonly [RegExp, OpenFile])[] = [
  [
    /\.gguf$/i,
    (path, name, { threads }) =>
      openGgufModel(path, name, { threads: threads ?? availableParallelism() }),
  ],
  [/\.arpa(\.gz)?$/i, (path, name) => openNgramModel(path, name)],
  [/\.(jsonl|ndjson|csv|tsv)(\.gz)?$/i, (path, name) => openPredictions(path, name)],
];

export async function openModel(name: string, options: OpenModelOptions): Promise<LanguageModel> {
  if (isHttpModelName(name)) return openEndpoint(name, options);
  if (options.labelling) {
    throw badInput(`${name}: a prompt with label words is for models behind HTTP only`);
  }
  const path = resolve(options.currentFolder, name);
  const open = FILES.find(([ending]) => ending.test(path))?.[1];
  if (open && (await isExistingFile(path))) return open(path, name, options);
  const { path: folder } = await resolveModel(name, options);
  return openFolder(folder, name, options);
}

function placementOf({ threads, ownThread }: OpenModelOptions): OpenOptions {
  return {
    ...(threads === undefined ? {} : { threads }),
    ...(ownThread === undefined ? {} : { ownThread }),
  };
}

function openEndpoint(name: string, { http, labelling }: OpenModelOptions): LanguageModel {
  const model = openHttpModel({ ...http, name });
  return labelling ? { ...model, classify: httpClassifier(model, labelling) } : model;
}

async function openFolder(
  path: string,
  name: string,
  options: OpenModelOptions,
): Promise<LanguageModel> {
  const found = await statIfExists(path);
  if (!found?.isDirectory()) {
    throw badInput(`${name}: is a weight file; name its folder, where config and tokenizer are`);
  }
  const names = await readdir(path);
  const hasWeights = names.some((file) => /\.(safetensors|bin|pt|pth)$/.test(file));
  const placement = placementOf(options);
  if (options.onnxFile !== undefined || (!hasWeights && names.includes('onnx'))) {
    const file = options.onnxFile === undefined ? {} : { file: options.onnxFile };
    return openOnnxFolder(path, name, { ...placement, ...file });
  }
  const gguf = names.filter((file) => file.endsWith('.gguf'));
  if (!hasWeights && gguf.length === 1) {
    const all = options.threads ?? availableParallelism();
    return openGgufModel(join(path, gguf[0]!), name, { threads: all });
  }
  if (!hasWeights && gguf.length > 1) {
    throw badInput(
      `${name}: holds ${gguf.map((file) => basename(file)).join(', ')}; name one of them`,
    );
  }
  return openCheckpointModel(path, name, placement);
}
