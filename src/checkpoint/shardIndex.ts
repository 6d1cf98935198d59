/**
 * The index of a sharded checkpoint: `{"metadata": {...}, "weight_map": {tensor: file}}`, as
 * Hugging Face libraries write it. `metadata.total_size` is not used: many published ones are wrong.
 */

import { badInput } from '../errors.ts';
import type { WeightFileContents } from './checkpoint.ts';
import { jsonCursor, skipValue, takeEnd, takeObject, takeString } from './jsonCursor.ts';
import { isInsideName } from './relativeName.ts';

/** Tensor name to the name of the shard that holds it. */
export type WeightMap = ReadonlyMap<string, string>;

export function parseShardIndex(text: string, name: string): WeightMap {
  const cursor = jsonCursor(text, name);
  let weightMap: Map<string, string> | undefined;
  takeObject(cursor, (key) => {
    if (key !== 'weight_map') return skipValue(cursor);
    const entries = new Map<string, string>();
    takeObject(cursor, (tensor) => entries.set(tensor, takeString(cursor)));
    weightMap = entries;
  });
  takeEnd(cursor);
  if (weightMap === undefined) throw badInput(`${name}: has no weight_map`);
  for (const [tensor, file] of weightMap) checkShardName(tensor, file, name);
  return weightMap;
}

/** The shards that an index names, each once, sorted. */
export function shardNames(weightMap: WeightMap): string[] {
  return [...new Set(weightMap.values())].sort();
}

/** The index and the shards must tell the same: every tensor where the index says, and no other. */
export function checkShardsAgainstIndex(
  weightMap: WeightMap,
  shards: ReadonlyMap<string, WeightFileContents>,
  name: string,
): void {
  const found = new Map<string, string>();
  for (const [shard, { tensors }] of shards) {
    for (const tensor of tensors) found.set(tensor.name, shard);
  }
  for (const [tensor, shard] of weightMap) {
    const actual = found.get(tensor);
    if (actual === shard) continue;
    const where = actual === undefined ? 'no shard has it' : `it is in ${actual}`;
    throw badInput(`${name}: tensor ${JSON.stringify(tensor)} should be in ${shard}, but ${where}`);
  }
  for (const [tensor, shard] of found) {
    if (!weightMap.has(tensor)) {
      throw badInput(`${name}: tensor ${JSON.stringify(tensor)} of ${shard} is not in the index`);
    }
  }
}

function checkShardName(tensor: string, file: string, name: string): void {
  if (isInsideName(file)) return;
  throw badInput(
    `${name}: tensor ${JSON.stringify(tensor)} is said to be in ${JSON.stringify(file)}, which is no name of a file inside the folder`,
  );
}
