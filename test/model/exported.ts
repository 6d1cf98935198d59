/** Family checkpoints with a tokenizer, as folders to convert, and transformers.js to read the result. */

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { env, Tensor } from '@huggingface/transformers';
import { ARCHITECTURES } from '../../src/model/graph/family/registry.ts';
import { FAMILIES } from './family.ts';
import { TINY_TOKENIZER } from './tinyTokenizer.ts';

// Else a folder that is not there would be looked for elsewhere.
env.allowRemoteModels = false;
env.localModelPath = '/';

type Matrix = readonly (readonly number[])[];

export function isKnown(family: string): boolean {
  const config = JSON.parse(readFileSync(join(FAMILIES, family, 'config.json'), 'utf8'));
  return ARCHITECTURES.includes(config.architectures[0]);
}

export const textOf = (ids: readonly number[]) => ids.map((id) => `w${id}`).join(' ');

/** A family's checkpoint with a tokenizer, in a folder of its own below `scratch`. */
export function familyFolder(scratch: string, family: string): string {
  const folder = join(scratch, 'checkpoints', family);
  mkdirSync(folder, { recursive: true });
  for (const name of ['config.json', 'model.safetensors']) {
    copyFileSync(join(FAMILIES, family, name), join(folder, name));
  }
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(TINY_TOKENIZER));
  return folder;
}

/** As transformers.js takes token ids. */
export function tensorOf(rows: Matrix): Tensor {
  return new Tensor('int64', rows.flat(), [rows.length, rows[0]!.length]);
}
