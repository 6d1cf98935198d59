/** The probabilities of texts by a causal model, each in one pass. */

import { emptyCache } from './cache.ts';
import { causalFeeds } from './causalFeeds.ts';
import { allDistributions } from './distributions.ts';
import { LOG_PROBABILITIES } from './logProbabilities.ts';
import type { Running } from './running.ts';
import { batchTokens } from './tokenBatch.ts';

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
  const out = await running.session.run(feeds, [LOG_PROBABILITIES]);
  const { at, places } = allDistributions(out);
  const first = length - places;
  return rows.map(({ tokens, from: start }, r) =>
    Float64Array.from(tokens.slice(start), (token, i) => at(r, start + i - 1 - first, token)),
  );
}
