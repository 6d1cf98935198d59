/** JSON of tokenizer files: narrowing of parsed values, and writing without loss of large integers. */

import type { Json, JsonObject } from '../../checkpoint/checkpoint.ts';
import { badInput } from '../../errors.ts';

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

export function parseJson(text: string, subject: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw badInput(`${subject}: not valid JSON (${(cause as Error).message})`, cause);
  }
}

export function parseJsonObject(text: string, subject: string): JsonObject {
  const value = parseJson(text, subject);
  if (isObject(value)) return value;
  throw badInput(`${subject}: a JSON object is expected, but it holds ${describe(value)}`);
}

export function describe(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  if (isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

/** In indented JSON every value ends its line, so this cannot match inside a text. */
const EXPONENT = /^(\s*(?:"(?:[^"\\]|\\.)*": )?)(-?[0-9.]+e\+[0-9]+)(,?)$/gm;

/**
 * Indented JSON. `model_max_length` is often 1000000000000000019884624838656, which JSON.stringify
 * turns into 1e+30, a float to Python; here integers stay integers.
 */
export function serializeJson(value: Json): string {
  const text = JSON.stringify(value, null, 2).replace(
    EXPONENT,
    (_line, before: string, number: string, after: string) =>
      `${before}${BigInt(Number(number))}${after}`,
  );
  return `${text}\n`;
}
