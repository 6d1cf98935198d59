/** Copies of float32 checkpoints with other tensors and another config, for what has no reference. */

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { JsonObject } from '../../src/checkpoint/checkpoint.ts';
import { FAMILIES } from './family.ts';

export interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type Tensors = Map<string, Values>;

/** @returns the copy's folder, as a name beside those of the families */
export function rewritten(
  name: string,
  change: (tensors: Tensors) => Tensors,
  config: JsonObject,
): string {
  const folder = mkdtempSync(join(tmpdir(), 'lmfuse-rewritten-'));
  const original = JSON.parse(readFileSync(join(FAMILIES, name, 'config.json'), 'utf8'));
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...original, ...config }));
  const tensors = change(readTensors(join(FAMILIES, name, 'model.safetensors')));
  writeFileSync(join(folder, 'model.safetensors'), safetensorsOf(tensors));
  return relative(FAMILIES, folder);
}

function readTensors(file: string): Tensors {
  const bytes = readFileSync(file);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, start));
  delete header.__metadata__;
  return new Map(
    Object.keys(header).map((key) => {
      const { shape, data_offsets: offsets } = header[key];
      const own = Uint8Array.from(bytes.subarray(start + offsets[0], start + offsets[1]));
      return [key, { shape, data: new Float32Array(own.buffer) }];
    }),
  );
}

function safetensorsOf(tensors: Tensors): Uint8Array {
  let end = 0;
  const header = Object.fromEntries(
    [...tensors].map(([key, { shape, data }]) => {
      const begin = end;
      end += data.byteLength;
      return [key, { dtype: 'F32', shape, data_offsets: [begin, end] }];
    }),
  );
  const text = JSON.stringify(header);
  const head = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(head.length));
  const values = [...tensors.values()].map(({ data }) => Buffer.from(data.buffer));
  return Buffer.concat([size, head, ...values]);
}
