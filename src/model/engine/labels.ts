/** Models that read a whole text: distributions over labels, and feature vectors. */

import { emptyCache } from './cache.ts';
import { floatsOf, lastPlaces } from './distributions.ts';
import { LOG_PROBABILITIES } from './logProbabilities.ts';
import { feedsOf, hasPort, type Ports, type Running } from './running.ts';
import type { Feeds } from './session.ts';
import { batchTokens, int64Tensor, type TokenRows } from './tokenBatch.ts';

/** What graphs ask of a batch of whole texts. */
function textFeeds(running: Running, rows: TokenRows): Feeds {
  const { runtime } = running;
  const { rowCount, length, ids, mask, positions } = batchTokens(rows, 'right');
  const perToken = (values: BigInt64Array) => int64Tensor(runtime, values, [rowCount, length]);
  const last = int64Tensor(runtime, BigInt64Array.of(BigInt(length - 1)), [1]);
  const offered = {
    input_ids: () => perToken(ids),
    attention_mask: () => perToken(mask),
    position_ids: () => perToken(positions),
    token_type_ids: () => perToken(new BigInt64Array(rowCount * length)),
    logits_from: () => last,
    num_logits_to_keep: () => int64Tensor(runtime, BigInt64Array.of(1n), []),
    use_cache_branch: () => new runtime.Tensor('bool', [false], [1]),
  };
  return feedsOf(running, offered, emptyCache(running, rowCount));
}

/** Log-probabilities, [rows][labels]. */
export async function classifyRows(running: Running, rows: TokenRows): Promise<Float32Array> {
  const out = await running.session.run(textFeeds(running, rows), [LOG_PROBABILITIES]);
  return lastPlaces(out[LOG_PROBABILITIES]!);
}

/** Names that graphs have for the states of all tokens. */
const STATES = ['last_hidden_state', 'token_embeddings'];

/** The output that tells of hidden states, if there is one. */
export function statesOutput({ outputs }: Ports): string | undefined {
  return STATES.find((name) => hasPort(outputs, name));
}

/** The mean of the last hidden states of each row's tokens, [rows][width]. */
export async function meanStates(running: Running, rows: TokenRows): Promise<Float32Array> {
  const name = statesOutput(running)!;
  const out = await running.session.run(textFeeds(running, rows), [name]);
  const states = floatsOf(out[name]!);
  const [, length, width] = out[name]!.dims as [number, number, number];
  const means = new Float32Array(rows.length * width);
  rows.forEach((row, r) => {
    const sums = new Float64Array(width);
    for (let i = 0; i < row.length; i++) {
      const start = (r * length + i) * width;
      for (let j = 0; j < width; j++) sums[j]! += states[start + j]!;
    }
    means.set(
      sums.map((sum) => sum / row.length),
      r * width,
    );
  });
  return means;
}
