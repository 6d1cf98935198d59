/** What a model's folder says beside its weights: config, tokenizer, how it likes to write. */

import { join } from 'node:path';
import type { JsonObject } from '../checkpoint/checkpoint.ts';
import { readJsonObject, readText } from '../checkpoint/textFile.ts';
import { badInput } from '../errors.ts';
import { isExistingFile } from '../io/existing.ts';
import { chatPromptOf } from './chatTemplate.ts';
import type { ModelFiles } from './engineModel.ts';
import { createTokenizer } from './textTokenizer.ts';

/** @param name as the user named the model */
export async function readModelFiles(folder: string, name: string): Promise<ModelFiles> {
  const config = await optionalJson(folder, 'config.json');
  if (!config) throw badInput(`${name}: has no config.json, which says what kind of model it is`);
  const tokenizerJson = await optionalJson(folder, 'tokenizer.json');
  if (!tokenizerJson)
    throw badInput(`${name}: has no tokenizer.json, without which it reads no text`);
  const tokenizerConfig = (await optionalJson(folder, 'tokenizer_config.json')) ?? {};
  return {
    name,
    config,
    generationConfig: (await optionalJson(folder, 'generation_config.json')) ?? {},
    tokenizer: createTokenizer(tokenizerJson, tokenizerConfig),
    chatPrompt: chatPromptOf(tokenizerConfig, await templateIn(folder), name),
  };
}

async function templateIn(folder: string): Promise<string | undefined> {
  const path = join(folder, 'chat_template.jinja');
  return (await isExistingFile(path)) ? readText(path) : undefined;
}

async function optionalJson(folder: string, file: string): Promise<JsonObject | undefined> {
  const path = join(folder, file);
  return (await isExistingFile(path)) ? readJsonObject(path) : undefined;
}
