/** The tiny Llama of test/model/families as a GGUF file in a temporary folder, and what it computes. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LanguageModel, TokenModel } from '../../../src/model/languageModel.ts';
import { FAMILIES, readReference } from '../family.ts';
import { type Changes, llamaGguf } from './llamaGguf.ts';
import { spmVocabulary } from './vocabularies.ts';

export const VOCABULARY_SIZE = 128;

const PACKAGES = join(import.meta.dirname, '../../../node_modules/@node-llama-cpp');
const PLATFORMS: Readonly<Record<string, string>> = { linux: 'linux', darwin: 'mac', win32: 'win' };

/** `npm ci` brings llama.cpp for Linux alone; elsewhere its package is to be added. */
export const hasLlamaCpp = ['', '-metal'].some((kind) =>
  existsSync(join(PACKAGES, `${PLATFORMS[process.platform]}-${process.arch}${kind}`, 'bins')),
);

const FOLDER = join(FAMILIES, 'llama');

export interface Written {
  readonly path: string;
  readonly remove: () => void;
}

export function writeTemporary(bytes: Uint8Array): Written {
  const folder = mkdtempSync(join(tmpdir(), 'lmfuse-gguf-'));
  const path = join(folder, 'model.gguf');
  writeFileSync(path, bytes);
  return { path, remove: () => rmSync(folder, { recursive: true }) };
}

export function tinyGguf(
  changes: Changes = {},
  store?: Parameters<typeof llamaGguf>[3],
): Uint8Array {
  return llamaGguf(FOLDER, spmVocabulary(VOCABULARY_SIZE), changes, store);
}

export interface ReferenceRow {
  readonly name: string;
  readonly ids: readonly number[];
  /** [position][vocabulary] */
  readonly logProbabilities: readonly (readonly number[])[];
}

/** Rows of the reference without their padding, which changes nothing. */
export function referenceRows(): ReferenceRow[] {
  return readReference('llama').cases.flatMap(({ name, input_ids, attention_mask, logits }) =>
    input_ids.map((row, r) => {
      const isText = (_: unknown, i: number) => attention_mask[r]![i] === 1;
      const texts = logits[r]!.filter(isText) as readonly (readonly number[])[];
      return {
        name: `${name} ${r}`,
        ids: row.filter(isText),
        logProbabilities: texts.map(logSoftmax),
      };
    }),
  );
}

export interface ReferenceBeams {
  readonly input_ids: readonly (readonly number[])[];
  readonly hypotheses: readonly { readonly new_ids: number[]; readonly sum_log_prob: number }[];
}

export function referenceBeams(): ReferenceBeams[] {
  return JSON.parse(readFileSync(join(FOLDER, 'reference.json'), 'utf8')).beam;
}

export function logSoftmax(logits: readonly number[]): number[] {
  const top = Math.max(...logits);
  const sum = logits.reduce((total, x) => total + Math.exp(x - top), 0);
  return logits.map((x) => x - top - Math.log(sum));
}

export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} numbers, where ${b.length} are wanted`);
  return Array.from(a).reduce((worst, x, i) => Math.max(worst, Math.abs(x - b[i]!)), 0);
}

/** The distributions after each of the sequences, one by one. */
export async function oneByOne(
  next: TokenModel,
  sequences: readonly (readonly number[])[],
): Promise<Float32Array[]> {
  const found: Float32Array[] = [];
  for (const sequence of sequences) {
    const stream = await next.start([sequence]);
    found.push(stream.logProbabilities().slice());
    stream.close();
  }
  return found;
}

export function nextOf({ next }: LanguageModel): TokenModel {
  if (!next) throw new Error('the model has no next token');
  return next;
}
