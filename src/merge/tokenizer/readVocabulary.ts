/**
 * Reads the vocabulary of a model's folder: tokenizer.json, else vocab.json or vocab.txt (with
 * added_tokens.json). SentencePiece models alone are not read.
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../../checkpoint/checkpoint.ts';
import { badInput } from '../../errors.ts';
import { withFileSource } from '../../io/fileSource.ts';
import { isArray, isObject, parseJsonObject } from './json.ts';
import {
  type ParsedVocabulary,
  parseTokenizerJson,
  parseVocabularyFiles,
  withAddedTokensDecoder,
} from './parseVocabulary.ts';
import { isTokenizerFile } from './tokenizerFiles.ts';
import type { Vocabulary } from './vocabulary.ts';

/** The largest known tokenizer.json has 35 MB; a string of V8 cannot exceed 512 MB. */
const MAX_FILE_BYTES = 256 * 2 ** 20;

export async function readVocabulary(folder: string, reference: string): Promise<Vocabulary> {
  const files = (await listFolder(folder, reference)).filter(isTokenizerFile).sort();
  const readIfPresent = (name: string) =>
    files.includes(name) ? readJson(folder, reference, name) : undefined;
  const tokenizerConfig = await readIfPresent('tokenizer_config.json');
  const tokenizerJson = await readIfPresent('tokenizer.json');
  const parsed = tokenizerJson
    ? parseTokenizerJson(tokenizerJson, `${reference}: tokenizer.json`)
    : await readVocabularyFiles(folder, reference, files);
  const decoder = tokenizerConfig?.added_tokens_decoder;
  return {
    ...withAddedTokensDecoder(parsed, decoder, `${reference}: tokenizer_config.json`),
    reference,
    tokenizerJson,
    tokenizerConfig,
    chatTemplate: await readChatTemplate(folder, reference, files, tokenizerConfig),
    files,
  };
}

async function listFolder(folder: string, reference: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw badInput(`${reference}: the folder ${folder} cannot be read (${code})`, cause);
  }
}

async function readVocabularyFiles(
  folder: string,
  reference: string,
  files: readonly string[],
): Promise<ParsedVocabulary> {
  const addedTokens = files.includes('added_tokens.json')
    ? await readJson(folder, reference, 'added_tokens.json')
    : undefined;
  if (files.includes('vocab.json')) {
    const vocabJson = await readJson(folder, reference, 'vocab.json');
    return parseVocabularyFiles({ vocabJson, addedTokens }, reference);
  }
  if (files.includes('vocab.txt')) {
    const vocabText = await readText(folder, reference, 'vocab.txt');
    return parseVocabularyFiles({ vocabText, addedTokens }, reference);
  }
  throw noVocabulary(reference, files);
}

function noVocabulary(reference: string, files: readonly string[]) {
  const model = files.find(
    (name) => /\.(model|spm|tiktoken)$/.test(name) || name === 'tekken.json',
  );
  if (!model)
    return badInput(
      `${reference}: no tokenizer (looked for tokenizer.json, vocab.json and vocab.txt)`,
    );
  return badInput(
    `${reference}: its tokenizer is only ${model}, which is not read; add a tokenizer.json, for example ` +
      'by saving its fast tokenizer with transformers (AutoTokenizer.from_pretrained(...).save_pretrained(...))',
  );
}

async function readJson(folder: string, reference: string, name: string): Promise<JsonObject> {
  return parseJsonObject(await readText(folder, reference, name), `${reference}: ${name}`);
}

async function readText(folder: string, reference: string, name: string): Promise<string> {
  const bytes = await withFileSource(join(folder, name), (source) => {
    if (source.byteLength > MAX_FILE_BYTES) {
      throw badInput(
        `${reference}: ${name} has ${source.byteLength} bytes, more than ${MAX_FILE_BYTES}`,
      );
    }
    return source.slice(0, source.byteLength);
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw badInput(`${reference}: ${name} is not valid UTF-8`, cause);
  }
}

/** transformers prefers the file to the entry in tokenizer_config.json. */
async function readChatTemplate(
  folder: string,
  reference: string,
  files: readonly string[],
  config: JsonObject | undefined,
): Promise<string | undefined> {
  if (files.includes('chat_template.jinja'))
    return readText(folder, reference, 'chat_template.jinja');
  const template = config?.chat_template;
  if (typeof template === 'string') return template;
  const named = isArray(template) ? template.filter(isObject) : [];
  const chosen = named.find((entry) => entry.name === 'default');
  return typeof chosen?.template === 'string' ? chosen.template : undefined;
}
