/** Parsing of option values, and the options of mergekit that change nothing here. */

import { InvalidArgumentError } from 'commander';

const SIZE = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?$/i;
const POWERS: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4 };
/** mergekit's shard sizes: 5B is five billion. */
const BILLIONS = /^(\d+(?:\.\d+)?)B$/;

/** `5GB`, `500MB`, `2GiB`, `5B` (mergekit's five billion), `1000`. */
export function parseSize(text: string): number {
  const billions = BILLIONS.exec(text);
  if (billions) return Math.round(Number(billions[1]) * 1e9);
  const match = SIZE.exec(text);
  if (!match) throw new InvalidArgumentError(`"${text}" is not a size, such as 5GB or 500MB.`);
  const [, number, unit = '', binary] = match;
  return Math.round(Number(number) * (binary ? 1024 : 1000) ** POWERS[unit.toLowerCase()]!);
}

export function parseInteger(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`"${text}" is not an integer.`);
}

export interface IdleOption {
  readonly flags: string;
  readonly key: string;
  readonly reason: string;
}

/** Options that mergekit users know and that need nothing done here. */
export const IDLE_OPTIONS: readonly IdleOption[] = [
  { flags: '--copy-tokenizer', key: 'copyTokenizer', reason: 'the tokenizer is always copied' },
  { flags: '--lazy-unpickle', key: 'lazyUnpickle', reason: 'pickles are parsed, never run' },
  { flags: '--allow-crimes', key: 'allowCrimes', reason: 'shapes must agree, whatever the names' },
  { flags: '--low-cpu-memory', key: 'lowCpuMemory', reason: 'memory does not grow with the model' },
  { flags: '--cuda', key: 'cuda', reason: 'merging is done by the processor' },
  { flags: '--read-to-gpu', key: 'readToGpu', reason: 'merging is done by the processor' },
  { flags: '--multi-gpu', key: 'multiGpu', reason: 'merging is done by the processor' },
  { flags: '--write-model-card', key: 'writeModelCard', reason: 'a model card is always written' },
  { flags: '--safe-serialization', key: 'safeSerialization', reason: 'output is safetensors' },
  {
    flags: '--lora-merge-cache <folder>',
    key: 'loraMergeCache',
    reason: 'adapters are not supported yet',
  },
  {
    flags: '--transformers-cache <folder>',
    key: 'transformersCache',
    reason: 'set HF_HUB_CACHE instead',
  },
  {
    flags: '--lora-merge-dtype <dtype>',
    key: 'loraMergeDtype',
    reason: 'adapters are not supported yet',
  },
];

/** One line for each such option that was given. */
export function idleWarnings(given: Readonly<Record<string, unknown>>): string[] {
  return IDLE_OPTIONS.filter(({ key }) => given[key] !== undefined).map(
    ({ flags, reason }) => `${flags.split(' ')[0]} has no effect: ${reason}`,
  );
}
