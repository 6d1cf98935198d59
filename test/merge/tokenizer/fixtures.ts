/** Vocabularies in memory, a reader of the goldens' float32 tensors, and row maps applied to them. */

import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { JsonObject } from '../../../src/checkpoint/checkpoint.ts';
import type { TokenizerModel } from '../../../src/merge/tokenizer/outputVocabulary.ts';
import { parseTokenizerJson } from '../../../src/merge/tokenizer/parseVocabulary.ts';
import { MEAN_ROW, type RowMap, ZERO_ROW } from '../../../src/merge/tokenizer/rowMap.ts';
import type { TokenizerSetting } from '../../../src/merge/tokenizer/setting.ts';
import type { Vocabulary } from '../../../src/merge/tokenizer/vocabulary.ts';

export const GOLDEN = new URL('../../golden/', import.meta.url).pathname;

export function settingOf(setting: Partial<TokenizerSetting>): TokenizerSetting {
  return { source: 'union', tokens: {}, explicit: true, ...setting };
}

export function vocabularyOf(
  reference: string,
  tokenizerJson: JsonObject,
  more: Partial<Vocabulary> = {},
): Vocabulary {
  return {
    ...parseTokenizerJson(tokenizerJson, reference),
    reference,
    tokenizerJson,
    tokenizerConfig: undefined,
    chatTemplate: undefined,
    files: ['tokenizer.json', 'tokenizer_config.json'],
    ...more,
  };
}

export function bpe(
  vocab: Record<string, number>,
  merges: string[] = [],
  added: JsonObject[] = [],
): JsonObject {
  const full = added.map((token) => ({
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
    ...token,
  }));
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: full,
    normalizer: null,
    pre_tokenizer: { type: 'Whitespace' },
    post_processor: null,
    decoder: null,
    model: { type: 'BPE', unk_token: null, fuse_unk: false, byte_fallback: false, vocab, merges },
  };
}

/** A merged model whose tokens have the ids of their places. */
export function listed(reference: string, tokens: string[], rows = tokens.length): TokenizerModel {
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  return { reference, vocabulary: vocabularyOf(reference, bpe(vocab)), rows, merged: true };
}

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** A 2-D float32 tensor of a single safetensors file. */
export function readMatrix(path: string, name: string): Matrix {
  const bytes = readFileSync(path);
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength));
  const { dtype, shape, data_offsets } = header[name];
  if (dtype !== 'F32') throw new Error(`${name} is ${dtype}`);
  const start = 8 + headerLength + data_offsets[0];
  const count = shape[0] * shape[1];
  const values = Float64Array.from({ length: count }, (_, i) => bytes.readFloatLE(start + 4 * i));
  return { rows: shape[0], columns: shape[1], values };
}

export function rowOf(matrix: Matrix, row: number): number[] {
  return [...matrix.values.subarray(row * matrix.columns, (row + 1) * matrix.columns)];
}

/** Output row r of one model, in float64. */
export function mappedRow(map: RowMap, r: number, matrices: readonly Matrix[]): number[] {
  const zeros = new Array<number>(matrices[0]!.columns).fill(0);
  const model = map.model[r]!;
  if (model === ZERO_ROW) return zeros;
  const places = model === MEAN_ROW ? map.means[map.row[r]!]! : [{ model, row: map.row[r]! }];
  const rows = places.map((place) => rowOf(matrices[place.model]!, place.row));
  return zeros.map((_, j) => rows.reduce((sum, row) => sum + row[j]!, 0) / rows.length);
}

export async function folderOf(files: Record<string, string | Uint8Array>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lmfuse-tokenizer-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}
