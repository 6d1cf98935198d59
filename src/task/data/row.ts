/**
 * A row of a data file, the same for every format: values by column. The values are text in tables
 * and any JSON in JSONL; the functions here say what a column may hold.
 */

import type { Json } from '../../checkpoint/checkpoint.ts';
import { badInput, type FusionError } from '../../errors.ts';

export interface Row {
  /** Where it starts in its file, from 1. */
  readonly line: number;
  /** Where its columns are named: the line of the header, or its own in JSONL. */
  readonly columnsLine: number;
  /** In the order of the file. */
  readonly fields: ReadonlyMap<string, Json>;
}

/** What is wrong with a row, with its place: `data.tsv:12: ...`. */
export function problemInRow(name: string, line: number, message: string): FusionError {
  return badInput(`${name}:${line}: ${message}`);
}

/** A text, be it empty; undefined where there is none. */
export function textIn(row: Row, column: string, name: string): string | undefined {
  const value = row.fields.get(column) ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw problemInRow(name, row.line, `${quoted(column)} is ${describe(value)}, not a text`);
}

/** A label, id or group: a name, for which JSON may also have a number or a boolean. Never empty. */
export function nameIn(row: Row, column: string, name: string): string | undefined {
  const value = row.fields.get(column) ?? '';
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'number') {
    throw problemInRow(name, row.line, `${quoted(column)} is ${describe(value)}, not a name`);
  }
  if (Number.isSafeInteger(value) || !Number.isInteger(value)) return String(value);
  throw problemInRow(
    name,
    row.line,
    `${quoted(column)} is the number ${value}, of which digits are lost; write it in quotes`,
  );
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** A finite number; undefined where there is none. */
export function numberIn(row: Row, column: string, name: string): number | undefined {
  const value = row.fields.get(column) ?? '';
  if (value === '') return undefined;
  const number = toNumber(value);
  if (Number.isFinite(number)) return number;
  throw problemInRow(name, row.line, `${quoted(column)} is ${describe(value)}, not a number`);
}

/** Not a number (NaN) for all that is not written as a decimal one. */
export function toNumber(value: Json): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && DECIMAL.test(value.trim()) ? Number(value) : Number.NaN;
}

const MAX_SHOWN = 80;

/** Text from a file, for a message: bounded, control characters escaped. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}

export function describe(value: Json): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object') return String(value);
  return Array.isArray(value) ? 'a list' : 'an object';
}

const MAX_LISTED = 20;

/** `text, label`, and how many more where there are many. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_LISTED).map((name) => {
    const text = quoted(name);
    return /^"[\w:./-]+"$/.test(text) ? text.slice(1, -1) : text;
  });
  const rest = names.length - shown.length;
  return shown.join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
