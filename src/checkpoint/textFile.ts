/** Reads the small text files of a checkpoint (config, indexes) within a bound. */

import { badInput } from '../errors.ts';
import { withFileSource } from '../io/fileSource.ts';
import type { Json, JsonObject } from './checkpoint.ts';
import { decodeUtf8 } from './jsonCursor.ts';

/** As much as a safetensors header may have; the index of a real model has below 10 MB. */
const MAX_TEXT_BYTES = 100_000_000;

export async function readText(path: string): Promise<string> {
  return withFileSource(path, async (source) => {
    if (source.byteLength > MAX_TEXT_BYTES) {
      throw badInput(`${path}: has ${source.byteLength} bytes, the limit is ${MAX_TEXT_BYTES}`);
    }
    return decodeUtf8(await source.slice(0, source.byteLength), path);
  });
}

export async function readJsonObject(path: string): Promise<JsonObject> {
  const value = parseJson(await readText(path), path);
  if (isJsonObject(value)) return value;
  throw badInput(`${path}: holds ${kindOf(value)}, not an object`);
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(text: string, path: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw badInput(`${path}: not valid JSON: ${(cause as SyntaxError).message}`, cause);
  }
}

function kindOf(value: Json): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
