/**
 * A name to a running model: the one place that knows every kind.
 *
 *   http://host/v1#model          an OpenAI-compatible endpoint
 *   model.gguf                    llama.cpp
 *   model.arpa, model.arpa.gz     an n-gram model
 *   predictions.jsonl, .csv, .tsv what a model said before
 *   recipe.yml                    a fusion of models, opened with its members (openFusion.ts)
 *   a folder, or org/name         a checkpoint, or else its onnx/ folder; found by the rule of Merge
 *
 * Nothing is downloaded and the environment is not read.
 */

import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { findFile, resolveModel } from './checkpoint/reference.ts';
import { badInput } from './errors.ts';
import { statIfExists } from './io/existing.ts';
import { requireAbility } from './model/abilities.ts';
import { type OpenOptions, openCheckpointModel } from './model/checkpointModel.ts';
import { openGgufModel } from './model/gguf/openGgufModel.ts';
import { isHttpModelName } from './model/http/endpoint.ts';
import { httpClassifier } from './model/http/httpClassifier.ts';
import { openHttpModel } from './model/http/openHttpModel.ts';
import type { LanguageModel } from './model/languageModel.ts';
import { openNgramModel } from './model/ngram/ngramModel.ts';
import { openOnnxFolder } from './model/onnxFolder.ts';
import { openPredictions } from './model/predictions.ts';
import { type PromptLabels, promptClassifier } from './model/promptClassifier.ts';
import { isRecipeName, type OpenedFusion, openFusion } from './openFusion.ts';
import type { OpenModelOptions } from './openOptions.ts';

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
  const { labelling, ...rest } = options;
  const model = await openNamed(name, rest);
  return labelling ? labelled(model, labelling) : model;
}

/** @param allowUnfitted for those who fit it */
export function openRecipe(
  name: string,
  options: OpenModelOptions,
  allowUnfitted = false,
): Promise<OpenedFusion> {
  if (isRecipeName(name)) return openFusion(name, options, openModel, allowUnfitted);
  throw badInput(`${name}: is one model, and a fusion recipe (.yml) is needed`);
}

async function openNamed(name: string, options: OpenModelOptions): Promise<LanguageModel> {
  if (isRecipeName(name)) return (await openFusion(name, options, openModel)).model;
  const open = FILES.find(([ending]) => ending.test(name))?.[1];
  const file = open && (await findFile(name, options));
  if (open && file !== undefined) return open(file, name, options);
  const { path: folder } = await resolveModel(name, options);
  return openFolder(folder, name, options);
}

/** With the prompt's classifier in place of any of its own. */
function labelled(model: LanguageModel, labelling: PromptLabels): LanguageModel {
  const next = requireAbility(model, 'next');
  return { ...model, classify: promptClassifier(next, labelling, model.name) };
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
