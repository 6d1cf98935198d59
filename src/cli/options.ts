/** Values of options: text to number, size or dtype, or a sentence on what is wrong with it. */

import { InvalidArgumentError } from 'commander';
import { FusionError } from '../errors.ts';
import { type MergeableDtype, parseRecipeDtype } from '../tensor/dtype.ts';

/**
 * Bytes of each unit. `B` alone is mergekit's billion, so `5B` is 5e9; bytes are written without a
 * unit.
 */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  m: 1e6,
  g: 1e9,
  b: 1e9,
  t: 1e12,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** `5GB`, `500 MB`, `1.5GiB`, `5B`, `5000000000` */
export function parseSize(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const factor = Object.hasOwn(UNITS, unit.toLowerCase()) ? UNITS[unit.toLowerCase()] : undefined;
  const bytes = Math.round(Number(number) * (factor ?? Number.NaN));
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new InvalidArgumentError('A size is a number with a unit, such as 5GB, 500MB or 2GiB.');
}

export function parseThreads(text: string): number {
  return parseInteger(text, 0, 256);
}

export function parseSeed(text: string): number {
  return parseInteger(text, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
}

export function parseLimit(text: string): number {
  return parseInteger(text, 0, Number.MAX_SAFE_INTEGER);
}

function parseInteger(text: string, least: number, most: number): number {
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  const range =
    most === Number.MAX_SAFE_INTEGER
      ? least === 0
        ? 'An integer of 0 or more'
        : 'An integer'
      : `An integer from ${least} to ${most}`;
  throw new InvalidArgumentError(`${range} is expected.`);
}

export function parseDtype(text: string): MergeableDtype {
  try {
    return parseRecipeDtype(text, 'dtype');
  } catch (error) {
    if (!(error instanceof FusionError)) throw error;
    throw new InvalidArgumentError('Known: float32, float16, bfloat16, float64.');
  }
}
