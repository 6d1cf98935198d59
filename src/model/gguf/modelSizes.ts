/** Sizes of a model that llama.cpp does not refuse but ends the process over. */

import { badInput } from '../../errors.ts';
import type { GgufHeader } from './ggufHeader.ts';

const MOST_LAYERS = 512;

/** Each with the tensor that it is a size of. */
const SIZES = {
  feed_forward_length: 'blk.0.ffn_up.weight',
  'attention.head_count': 'blk.0.attn_q.weight',
  'attention.head_count_kv': 'blk.0.attn_k.weight',
} as const;

/** It is as many as there are heads when nothing is said. */
const OPTIONAL: readonly string[] = ['attention.head_count_kv'];

/** Recurrent models have no attention, and say so with zeros. */
const RECURRENT = ['ssm.', 'wkv.'];

export function checkSizes(header: GgufHeader, file: string): void {
  const { metadata, lists, tensorNames, architecture } = header;
  const layers = metadata.get(`${architecture}.block_count`);
  if (typeof layers === 'number' && !(layers >= 1 && layers <= MOST_LAYERS)) {
    throw badInput(`${file}: has ${layers} layers, and 1 to ${MOST_LAYERS} can be run`);
  }
  if (isRecurrent(header)) return;
  for (const [size, tensor] of Object.entries(SIZES)) {
    const key = `${architecture}.${size}`;
    if (metadata.get(key) === 0) throw badInput(`${file}: its ${key} is 0`);
    if (metadata.has(key) || lists.has(key) || OPTIONAL.includes(size)) continue;
    if (tensorNames.has(tensor)) throw badInput(`${file}: has no ${key}, but "${tensor}"`);
  }
}

function isRecurrent({ metadata, architecture }: GgufHeader): boolean {
  return [...metadata.keys()].some((key) =>
    RECURRENT.some((part) => key.startsWith(`${architecture}.${part}`)),
  );
}
