/** Models that read a whole text: distributions over labels, and feature vectors. */

import { emptyCache } from './cache.ts';
import type { Running } from './causal.ts';
import type { Feeds } from './session.ts';
import { batchTokens, int64Tensor, type TokenRows } from './tokenBatch.ts';

/** What graphs ask of a batch of whole texts. */
function feedsOf({ runtime, graph }: Running, rows: TokenRows): Feeds {
  const { rowCount, length, ids, mask, positions } = batchTokens(rows, 'right');
  const dims = [rowCount, length];
  const known: Readonly<Record<string, BigInt64Array>> = {
    input_ids: ids,
    attention_mask: mask,
    position_ids: positions,
    token_type_ids: new BigInt64Array(rowCount * length),
  };
  const ports = graph.inputs.filter(({ name }) => known[name] !== undefined);
  const feeds = ports.map(({ name }) => [name, int64Tensor(runtime, known[name]!, dims)]);
  const hasHead = graph.inputs.some(({ name }) => name === 'logits_from');
  return {
    ...Object.fromEntries(feeds),
    ...(hasHead
      ? { logits_from: int64Tensor(runtime, BigInt64Array.of(BigInt(length - 1)), [1]) }
      : {}),
    ...emptyCache(runtime, graph.inputs, rowCount),
  };
}

/** Log-probabilities, [rows][labels]. */
export async function classifyRows(running: Running, rows: TokenRows): Promise<Float32Array> {
  const out = await running.session.run(feedsOf(running, rows), ['log_probabilities']);
  return out.log_probabilities!.data as Float32Array;
}

/** The mean of the last hidden states of each row's tokens, [rows][width]. */
export async function meanStates(running: Running, rows: TokenRows): Promise<Float32Array> {
  const out = await running.session.run(feedsOf(running, rows), ['last_hidden_state']);
  const { data, dims } = out.last_hidden_state!;
  const [, length, width] = dims as [number, number, number];
  const means = new Float32Array(rows.length * width);
  rows.forEach((row, r) => {
    const sums = new Float64Array(width);
    for (let i = 0; i < row.length; i++) {
      const start = (r * length + i) * width;
      for (let j = 0; j < width; j++) sums[j]! += (data as Float32Array)[start + j]!;
    }
    means.set(
      sums.map((sum) => sum / row.length),
      r * width,
    );
  });
  return means;
}
