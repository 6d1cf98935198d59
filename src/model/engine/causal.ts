/** A causal model at work: sequences that grow by a token at a time. */

import { type Cache, cacheOf, cacheOutputs, emptyCache, isSameOrder, takeRows } from './cache.ts';
import { causalFeeds } from './causalFeeds.ts';
import { DISTRIBUTION_OUTPUTS, lastDistributions, type NextTokens } from './distributions.ts';
import { hasPort, type Running } from './running.ts';
import type { Feeds } from './session.ts';
import { batchTokens, type TokenBatch, type TokenRows } from './tokenBatch.ts';

/** Sequences and what the model remembers of them. */
export interface Sequences {
  /** What comes next. */
  readonly next: NextTokens;
  readonly step: (parents: readonly number[], tokens: readonly number[]) => Promise<Sequences>;
}

/** Sequences as the cache has them: equally long, some of them with padding in front. */
interface State {
  readonly cache: Cache;
  readonly length: number;
  /** Places of padding of each row. */
  readonly padding: readonly number[];
  /** Tokens without padding, if all may have to be computed once more. */
  readonly texts: TokenRows | undefined;
}

export async function startCausal(running: Running, prompts: TokenRows): Promise<Sequences> {
  const lengths = prompts.map((prompt) => prompt.length);
  const isEven = lengths.every((length) => length === lengths[0]);
  if (!isEven && !hasPort(running.inputs, 'position_ids')) return startEach(running, prompts);
  const batch = batchTokens(prompts, 'left');
  const { rowCount, length, mask } = batch;
  const state: State = {
    cache: emptyCache(running, rowCount),
    length,
    padding: lengths.map((each) => length - each),
    texts: running.switchLength === undefined ? undefined : prompts,
  };
  return run(running, causalFeeds(running, batch, mask, length - 1, state.cache), state);
}

/** A graph that counts positions itself may count the padding, so its rows have none. */
async function startEach(running: Running, prompts: TokenRows): Promise<Sequences> {
  const rows: Sequences[] = [];
  for (const prompt of prompts) rows.push(await startCausal(running, [prompt]));
  return side(rows);
}

function side(rows: readonly Sequences[]): Sequences {
  return {
    next: {
      logProbabilities: joined(rows.map(({ next }) => next.logProbabilities)),
      logNormalizers: joined(rows.map(({ next }) => next.logNormalizers)),
    },
    async step(parents, tokens) {
      const grown: Sequences[] = [];
      for (const [i, parent] of parents.entries()) {
        grown.push(await rows[parent]!.step([0], [tokens[i]!]));
      }
      return side(grown);
    },
  };
}

function joined(rows: readonly Float32Array[]): Float32Array {
  const size = rows[0]?.length ?? 0;
  const all = new Float32Array(rows.length * size);
  rows.forEach((row, r) => {
    all.set(row, r * size);
  });
  return all;
}

async function run(running: Running, feeds: Feeds, state: State): Promise<Sequences> {
  const wanted = [...DISTRIBUTION_OUTPUTS, ...cacheOutputs(running)];
  const out = await running.session.run(feeds, wanted);
  const now: State = { ...state, cache: cacheOf(running, out) };
  return {
    next: lastDistributions(out),
    step: (parents, tokens) => step(running, now, parents, tokens),
  };
}

function step(
  running: Running,
  before: State,
  parents: readonly number[],
  tokens: readonly number[],
): Promise<Sequences> {
  const state = grown(running, before, parents, tokens);
  const { length, padding, texts } = state;
  const lengths = padding.map((each) => length - each);
  if (texts && lengths.some((each) => each - 1 === running.switchLength)) {
    return startCausal(running, texts);
  }
  const batch: TokenBatch = {
    rowCount: tokens.length,
    length: 1,
    ids: BigInt64Array.from(tokens, BigInt),
    mask: new BigInt64Array(tokens.length).fill(1n),
    positions: BigInt64Array.from(lengths, (each) => BigInt(each - 1)),
  };
  return run(running, causalFeeds(running, batch, maskOf(state), 0, state.cache), state);
}

/** The state once the new tokens are in the cache; it has those before them. */
function grown(
  { runtime }: Running,
  { cache, length, padding, texts }: State,
  parents: readonly number[],
  tokens: readonly number[],
): State {
  const isSame = isSameOrder(parents, padding.length);
  return {
    cache: isSame ? cache : takeRows(runtime, cache, parents),
    length: length + 1,
    padding: isSame ? padding : parents.map((parent) => padding[parent]!),
    texts: texts && parents.map((parent, i) => [...texts[parent]!, tokens[i]!]),
  };
}

function maskOf({ length, padding }: State): BigInt64Array {
  const mask = new BigInt64Array(padding.length * length).fill(1n);
  padding.forEach((count, row) => {
    mask.fill(0n, row * length, row * length + count);
  });
  return mask;
}
