/** Where every output tensor lies: which shard, at which offset, behind which header. */

import { serializeSafetensorsHeader } from '../../checkpoint/safetensors/serialize.ts';
import { bitsPerElement } from '../../tensor/dtype.ts';
import type { PlannedTensor } from './planTensor.ts';

export interface PlannedShard {
  readonly name: string;
  readonly header: Uint8Array;
  readonly byteLength: number;
  readonly tensors: readonly { readonly tensor: PlannedTensor; readonly byteOffset: number }[];
}

export const SINGLE_FILE = 'model.safetensors';
export const INDEX_FILE = 'model.safetensors.index.json';

/** Fills shards in order up to `shardSize` bytes of data; a larger tensor is a shard by itself. */
export function planShards(tensors: readonly PlannedTensor[], shardSize: number): PlannedShard[] {
  const groups: PlannedTensor[][] = [[]];
  let filled = 0;
  for (const tensor of tensors) {
    if (filled > 0 && filled + tensor.byteLength > shardSize) {
      groups.push([]);
      filled = 0;
    }
    groups.at(-1)!.push(tensor);
    filled += tensor.byteLength;
  }
  return groups.map((group, i) => planShard(group, shardName(i, groups.length)));
}

function shardName(index: number, count: number): string {
  if (count === 1) return SINGLE_FILE;
  const number = (n: number) => String(n).padStart(5, '0');
  return `model-${number(index + 1)}-of-${number(count)}.safetensors`;
}

/** Wider elements first, so that every tensor is aligned to its own element. */
function planShard(group: readonly PlannedTensor[], name: string): PlannedShard {
  const ordered = [...group].sort((a, b) => bitsPerElement(b.dtype) - bitsPerElement(a.dtype));
  const { bytes, offsets, byteLength } = serializeSafetensorsHeader(ordered, { format: 'pt' });
  return {
    name,
    header: bytes,
    byteLength,
    tensors: ordered.map((tensor, i) => ({ tensor, byteOffset: offsets[i]! })),
  };
}

/** The index of a sharded checkpoint; undefined for a single file. */
export function serializeShardIndex(shards: readonly PlannedShard[]): string | undefined {
  if (shards.length === 1) return undefined;
  const entries = shards.flatMap((shard) =>
    shard.tensors.map(({ tensor }) => [tensor.name, shard.name] as const),
  );
  const total = shards
    .flatMap((shard) => shard.tensors)
    .reduce((sum, { tensor }) => sum + tensor.byteLength, 0);
  const index = {
    metadata: { total_size: total },
    weight_map: Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  return `${JSON.stringify(index, null, 2)}\n`;
}
