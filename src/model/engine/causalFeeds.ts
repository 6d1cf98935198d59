/** What causal graphs ask for, whoever made them. */

import type { Cache } from './cache.ts';
import { feedsOf, type Running } from './running.ts';
import type { Feeds } from './session.ts';
import { int64Tensor, type TokenBatch } from './tokenBatch.ts';

/**
 * @param mask [rows][tokens of the cache and of the batch]
 * @param from the first place of the batch whose distribution is wanted
 */
export function causalFeeds(
  running: Running,
  { rowCount, length, ids, positions }: TokenBatch,
  mask: BigInt64Array,
  from: number,
  cache: Cache,
): Feeds {
  const { runtime } = running;
  const dims = [rowCount, length];
  const total = mask.length / rowCount;
  const one = (value: number, shape: readonly number[]) =>
    int64Tensor(runtime, BigInt64Array.of(BigInt(value)), shape);
  const offered = {
    input_ids: () => int64Tensor(runtime, ids, dims),
    attention_mask: () => int64Tensor(runtime, mask, [rowCount, total]),
    position_ids: () => int64Tensor(runtime, positions, dims),
    token_type_ids: () => int64Tensor(runtime, new BigInt64Array(ids.length), dims),
    logits_from: () => one(from, [1]),
    num_logits_to_keep: () => one(length - from, []),
    use_cache_branch: () => new runtime.Tensor('bool', [total > length], [1]),
  };
  return feedsOf(running, offered, cache);
}
