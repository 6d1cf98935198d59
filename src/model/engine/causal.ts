/** A causal model at work: sequences that grow by a token at a time, and texts that are scored. */

import { type Cache, cacheOf, cacheOutputs, emptyCache, isSameOrder, takeRows } from './cache.ts';
import { distributionOutput, distributionsOf } from './distributions.ts';
import { feedsOf, hasPort, type Running } from './running.ts';
import type { Feeds } from './session.ts';
import { batchTokens, int64Tensor, type TokenBatch, type TokenRows } from './tokenBatch.ts';

/** Sequences and what the model remembers of them. */
export interface Sequences {
  /** [rows][vocabulary]: log-probabilities of what comes next. */
  readonly next: Float32Array;
  readonly step: (parents: readonly number[], tokens: readonly number[]) => Promise<Sequences>;
}

interface State {
  readonly cache: Cache;
  /** [rows][length so far] */
  readonly mask: readonly bigint[][];
  /** Without padding. */
  readonly texts: TokenRows;
}

export async function startCausal(running: Running, prompts: TokenRows): Promise<Sequences> {
  const lengths = prompts.map((prompt) => prompt.length);
  const isEven = lengths.every((length) => length === lengths[0]);
  if (!isEven && !hasPort(running.inputs, 'position_ids')) return startEach(running, prompts);
  const batch = batchTokens(prompts, 'left');
  const { rowCount, length, mask } = batch;
  const rows = prompts.map((_, r) => [...mask.subarray(r * length, (r + 1) * length)]);
  const state = { cache: emptyCache(running, rowCount), mask: rows, texts: prompts };
  return run(running, causalFeeds(running, batch, mask, length - 1, state.cache), state);
}

/** A graph that counts positions itself may count the padding, so its rows have none. */
async function startEach(running: Running, prompts: TokenRows): Promise<Sequences> {
  const rows: Sequences[] = [];
  for (const prompt of prompts) rows.push(await startCausal(running, [prompt]));
  return side(rows);
}

function side(rows: readonly Sequences[]): Sequences {
  const size = rows[0]?.next.length ?? 0;
  const next = new Float32Array(rows.length * size);
  rows.forEach((row, r) => {
    next.set(row.next, r * size);
  });
  return {
    next,
    async step(parents, tokens) {
      const grown: Sequences[] = [];
      for (const [i, parent] of parents.entries()) {
        grown.push(await rows[parent]!.step([0], [tokens[i]!]));
      }
      return side(grown);
    },
  };
}

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
  const feeds = feedsOf(running, {
    input_ids: () => int64Tensor(runtime, ids, dims),
    attention_mask: () => int64Tensor(runtime, mask, [rowCount, total]),
    position_ids: () => int64Tensor(runtime, positions, dims),
    token_type_ids: () => int64Tensor(runtime, new BigInt64Array(ids.length), dims),
    logits_from: () => one(from, [1]),
    num_logits_to_keep: () => one(length - from, []),
    use_cache_branch: () => new runtime.Tensor('bool', [total > length], [1]),
  });
  return { ...feeds, ...cache };
}

async function run(running: Running, feeds: Feeds, state: State): Promise<Sequences> {
  const wanted = [distributionOutput(running), ...cacheOutputs(running)];
  const out = await running.session.run(feeds, wanted);
  const now: State = { ...state, cache: cacheOf(out) };
  return {
    next: distributionsOf(running, out).last(),
    step: (parents, tokens) => step(running, now, parents, tokens),
  };
}

function step(
  running: Running,
  { cache, mask, texts }: State,
  parents: readonly number[],
  tokens: readonly number[],
): Promise<Sequences> {
  const grown = parents.map((parent, i) => [...texts[parent]!, tokens[i]!]);
  const isSwitched = grown.some(({ length }) => length - 1 === running.switchLength);
  if (isSwitched) return startCausal(running, grown);
  const isSame = isSameOrder(parents, mask.length);
  const kept = isSame ? cache : takeRows(running.runtime, cache, parents);
  const masks = parents.map((parent) => [...mask[parent]!, 1n]);
  const batch: TokenBatch = {
    rowCount: parents.length,
    length: 1,
    ids: BigInt64Array.from(tokens, BigInt),
    mask: new BigInt64Array(parents.length).fill(1n),
    positions: BigInt64Array.from(grown, ({ length }) => BigInt(length - 1)),
  };
  const feeds = causalFeeds(running, batch, BigInt64Array.from(masks.flat()), 0, kept);
  return run(running, feeds, {
    cache: kept,
    mask: masks,
    texts: grown,
  });
}

/** A text, of which the tokens from `from` on are to be scored; from >= 1. */
export interface ScoredRow {
  readonly tokens: readonly number[];
  readonly from: number;
}

/** Log-probabilities of each row's tokens from `from` on, given those before. */
export async function scoreCausal(
  running: Running,
  rows: readonly ScoredRow[],
): Promise<Float64Array[]> {
  const batch = batchTokens(
    rows.map(({ tokens }) => tokens),
    'right',
  );
  const { rowCount, length, mask } = batch;
  const from = Math.min(...rows.map((row) => row.from)) - 1;
  const feeds = causalFeeds(running, batch, mask, from, emptyCache(running, rowCount));
  const out = await running.session.run(feeds, [distributionOutput(running)]);
  const { at, places } = distributionsOf(running, out);
  const first = length - places;
  return rows.map(({ tokens, from: start }, r) =>
    Float64Array.from(tokens.slice(start), (token, i) => at(r, start + i - 1 - first, token)),
  );
}
