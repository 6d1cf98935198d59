/** Reading config.json: values by name, with what to say when they are not there. */

import type { Json, JsonObject } from '../../checkpoint/checkpoint.ts';
import { badInput } from '../../errors.ts';

export interface Config {
  readonly raw: JsonObject;
  /** Raises without a fallback when the value is absent or null. */
  readonly number: (name: string, fallback?: number) => number;
  readonly optionalNumber: (name: string) => number | undefined;
  readonly string: (name: string, fallback?: string) => string;
  readonly flag: (name: string, fallback: boolean) => boolean;
  readonly object: (name: string) => Config | undefined;
  readonly list: (name: string) => readonly Json[] | undefined;
}

/** @param subject the file that the values are from, for messages */
export function readConfig(raw: JsonObject, subject: string): Config {
  const given = (name: string): Json | undefined => raw[name] ?? undefined;
  const wrong = (name: string, wanted: string) =>
    badInput(`${subject}: "${name}" is ${JSON.stringify(raw[name])}, not ${wanted}`);
  function required<T>(name: string, fallback: T | undefined): T {
    if (fallback !== undefined) return fallback;
    throw badInput(`${subject}: "${name}" is missing`);
  }
  function optionalNumber(name: string): number | undefined {
    const value = given(name);
    if (value === undefined || typeof value === 'number') return value;
    throw wrong(name, 'a number');
  }
  return {
    raw,
    number: (name, fallback) => optionalNumber(name) ?? required(name, fallback),
    optionalNumber,
    string(name, fallback) {
      const value = given(name) ?? required(name, fallback);
      if (typeof value === 'string') return value;
      throw wrong(name, 'a text');
    },
    flag(name, fallback) {
      const value = given(name) ?? fallback;
      if (typeof value === 'boolean') return value;
      throw wrong(name, 'true or false');
    },
    object(name) {
      const value = given(name);
      if (value === undefined) return undefined;
      if (typeof value === 'object' && !Array.isArray(value)) {
        return readConfig(value as JsonObject, `${subject}: "${name}"`);
      }
      throw wrong(name, 'an object');
    },
    list(name) {
      const value = given(name);
      if (value === undefined) return undefined;
      if (Array.isArray(value)) return value;
      throw wrong(name, 'a list');
    },
  };
}

/** One number divided by another, as a width by its heads. */
export function quotient(config: Config, whole: string, parts: string): number {
  const [total, count] = [config.number(whole), config.number(parts)];
  if (Number.isInteger(total / count)) return total / count;
  throw badInput(
    `config.json: "${whole}" is ${total}, which "${parts}", ${count}, does not divide`,
  );
}

/** Labels that a classifier has; two are what is meant where a config names none. */
export function labelCount(config: Config): number {
  const names = config.object('id2label');
  return names ? Object.keys(names.raw).length : config.number('num_labels', 2);
}

/** A list of numbers, of this length. */
export function numberList(config: Config, name: string, length: number): number[] {
  const list = config.list(name) ?? [];
  const numbers = list.filter((item) => typeof item === 'number');
  if (numbers.length === length && list.length === length) return numbers;
  throw badInput(
    `config.json: "${name}" has ${list.length} values, where ${length} numbers belong`,
  );
}
