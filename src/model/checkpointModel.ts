/** Opens a checkpoint's folder as a running model, on a thread of its own. */

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Checkpoint, JsonObject } from '../checkpoint/checkpoint.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { readJsonObject, readText } from '../checkpoint/textFile.ts';
import { badInput } from '../errors.ts';
import { elementCountOf } from '../tensor/shape.ts';
import { chatPromptOf } from './chatTemplate.ts';
import { startEngine } from './engine/remoteEngine.ts';
import { modelOver } from './engineModel.ts';
import { familyOf } from './graph/family/registry.ts';
import type { LanguageModel } from './languageModel.ts';
import { createTokenizer } from './textTokenizer.ts';

export interface OpenOptions {
  /** Threads of one operator; by default one, or one per core for a large model. */
  readonly threads?: number;
}

/** Below so many parameters a second thread costs more than it brings, and packing costs little. */
const LARGE_PARAMETERS = 1e8;

export async function openCheckpointModel(
  path: string,
  name: string,
  options: OpenOptions = {},
): Promise<LanguageModel> {
  const checkpoint = await openCheckpoint(path, name);
  if (!checkpoint.config) {
    throw badInput(`${name}: has no config.json, which says what kind of model it is`);
  }
  familyOf(checkpoint.config, name);
  const tokenizerJson = await optionalJson(checkpoint, 'tokenizer.json');
  if (!tokenizerJson)
    throw badInput(`${name}: has no tokenizer.json, without which it reads no text`);
  const tokenizerConfig = (await optionalJson(checkpoint, 'tokenizer_config.json')) ?? {};
  const files = {
    name,
    config: checkpoint.config,
    generationConfig: (await optionalJson(checkpoint, 'generation_config.json')) ?? {},
    tokenizer: createTokenizer(tokenizerJson, tokenizerConfig),
    chatPrompt: chatPromptOf(tokenizerConfig, await templateOf(checkpoint), name),
  };
  const isLarge = parametersOf(checkpoint) >= LARGE_PARAMETERS;
  const engine = await startEngine({
    path: checkpoint.path,
    reference: name,
    threads: options.threads ?? (isLarge ? availableParallelism() : 1),
    packs: !isLarge,
  });
  return modelOver(engine, files);
}

async function templateOf({ path, otherFiles }: Checkpoint): Promise<string | undefined> {
  const file = 'chat_template.jinja';
  return otherFiles.includes(file) ? readText(join(path, file)) : undefined;
}

async function optionalJson({ path, otherFiles }: Checkpoint, name: string) {
  return otherFiles.includes(name)
    ? ((await readJsonObject(join(path, name))) as JsonObject)
    : undefined;
}

function parametersOf({ tensors }: Checkpoint): number {
  return [...tensors.values()].reduce(
    (sum, { shape, name }) => sum + elementCountOf(shape, name),
    0,
  );
}
