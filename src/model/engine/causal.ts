/** A causal model at work: sequences that grow by a token at a time, and texts that are scored. */

import type { InferenceSession } from 'onnxruntime-common';
import type { Graph } from '../graph/graph.ts';
import { type Cache, cacheOf, emptyCache, isSameOrder, takeRows } from './cache.ts';
import type { Feeds, Runtime } from './session.ts';
import { batchTokens, int64Tensor, type TokenRows } from './tokenBatch.ts';

/** A graph in its session. */
export interface Running {
  readonly runtime: Runtime;
  readonly graph: Graph;
  readonly session: InferenceSession;
  /** Beyond this length of a row its cache does not hold, and all is computed once more. */
  readonly switchLength?: number | undefined;
}

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
  const { runtime, graph } = running;
  const { rowCount, length, ids, mask, positions } = batchTokens(prompts, 'left');
  const feeds: Feeds = {
    input_ids: int64Tensor(runtime, ids, [rowCount, length]),
    attention_mask: int64Tensor(runtime, mask, [rowCount, length]),
    position_ids: int64Tensor(runtime, positions, [rowCount, length]),
    logits_from: int64Tensor(runtime, BigInt64Array.of(BigInt(length - 1)), [1]),
    ...emptyCache(runtime, graph.inputs, rowCount),
  };
  const rows = prompts.map((_, r) => [...mask.subarray(r * length, (r + 1) * length)]);
  return run(running, feeds, rows, prompts);
}

async function run(
  running: Running,
  feeds: Feeds,
  mask: readonly bigint[][],
  texts: TokenRows,
): Promise<Sequences> {
  const wanted = running.graph.outputs
    .map(({ name }) => name)
    .filter((name) => name === 'log_probabilities' || name.startsWith('present.'));
  const out = await running.session.run(feeds, wanted);
  const state: State = { cache: cacheOf(out), mask, texts };
  return {
    next: out.log_probabilities!.data as Float32Array,
    step: (parents, tokens) => step(running, state, parents, tokens),
  };
}

function step(
  running: Running,
  { cache, mask, texts }: State,
  parents: readonly number[],
  tokens: readonly number[],
): Promise<Sequences> {
  const { runtime, switchLength } = running;
  const rowCount = parents.length;
  const grown = parents.map((parent, i) => [...texts[parent]!, tokens[i]!]);
  const isSwitched = grown.some(({ length }) => length - 1 === switchLength);
  if (isSwitched) return startCausal(running, grown);
  const masks = parents.map((parent) => [...mask[parent]!, 1n]);
  const kept = isSameOrder(parents, mask.length) ? cache : takeRows(runtime, cache, parents);
  const column = (values: readonly number[]) =>
    int64Tensor(runtime, BigInt64Array.from(values, BigInt), [rowCount, 1]);
  const feeds: Feeds = {
    input_ids: column(tokens),
    attention_mask: int64Tensor(runtime, BigInt64Array.from(masks.flat()), [
      rowCount,
      masks[0]?.length ?? 0,
    ]),
    position_ids: column(grown.map(({ length }) => length - 1)),
    logits_from: int64Tensor(runtime, BigInt64Array.of(0n), [1]),
    ...kept,
  };
  return run(running, feeds, masks, grown);
}

/** A text, of which the tokens from `from` on are to be scored; from >= 1. */
export interface ScoredRow {
  readonly tokens: readonly number[];
  readonly from: number;
}

/** Log-probabilities of each row's tokens from `from` on, given those before. */
export async function scoreCausal(
  { runtime, graph, session }: Running,
  rows: readonly ScoredRow[],
): Promise<Float64Array[]> {
  const { rowCount, length, ids, mask, positions } = batchTokens(
    rows.map(({ tokens }) => tokens),
    'right',
  );
  const first = Math.min(...rows.map(({ from }) => from)) - 1;
  const out = await session.run(
    {
      input_ids: int64Tensor(runtime, ids, [rowCount, length]),
      attention_mask: int64Tensor(runtime, mask, [rowCount, length]),
      position_ids: int64Tensor(runtime, positions, [rowCount, length]),
      logits_from: int64Tensor(runtime, BigInt64Array.of(BigInt(first)), [1]),
      ...emptyCache(runtime, graph.inputs, rowCount),
    },
    ['log_probabilities'],
  );
  const { data, dims } = out.log_probabilities!;
  const vocabulary = dims[2]!;
  return rows.map(({ tokens, from }, r) =>
    Float64Array.from(tokens.slice(from), (token, i) => {
      const place = r * dims[1]! + (from + i - 1 - first);
      return (data as Float32Array)[place * vocabulary + token]!;
    }),
  );
}
