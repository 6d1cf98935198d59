/**
 * A sequence-to-sequence model at work: the source is encoded once, the text grows by a token at a
 * time. Rows of the text have no padding, since all begin with the start token.
 */

import type { Tensor } from 'onnxruntime-common';
import {
  type Cache,
  cacheOf,
  cacheOutputs,
  emptyCache,
  isSameOrder,
  rowsOf,
  takeRows,
} from './cache.ts';
import type { Sequences } from './causal.ts';
import type { ScoredRow } from './causalScores.ts';
import { allDistributions, DISTRIBUTION_OUTPUTS, lastDistributions } from './distributions.ts';
import { LOG_PROBABILITIES } from './logProbabilities.ts';
import { feedsOf, type Running } from './running.ts';
import type { Feeds } from './session.ts';
import { batchTokens, int64Tensor, type TokenRows } from './tokenBatch.ts';

export interface Translator {
  readonly encoder: Running;
  readonly decoder: Running;
  /** What every text begins with. */
  readonly startToken: number;
}

interface Source {
  readonly rowCount: number;
  /** [rows][source length][width] */
  readonly states: Tensor;
  /** [rows][source length] */
  readonly mask: Tensor;
}

const STATES = 'last_hidden_state';

async function encode({ encoder }: Translator, sources: TokenRows): Promise<Source> {
  const { runtime, session } = encoder;
  const { rowCount, length, ids, mask } = batchTokens(sources, 'right');
  const maskTensor = int64Tensor(runtime, mask, [rowCount, length]);
  const feeds = feedsOf(encoder, {
    input_ids: () => int64Tensor(runtime, ids, [rowCount, length]),
    attention_mask: () => maskTensor,
  });
  const out = await session.run(feeds, [STATES]);
  return { rowCount, states: out[STATES]!, mask: maskTensor };
}

/** @param ids [rows][new tokens] @param before the cache, of which there is none at first */
function decoderFeeds(
  { decoder }: Translator,
  source: Source,
  ids: BigInt64Array,
  before?: Cache,
): Feeds {
  const { runtime } = decoder;
  const { rowCount, mask, states } = source;
  const dims = [rowCount, ids.length / rowCount];
  const offered = {
    input_ids: () => int64Tensor(runtime, ids, dims),
    encoder_attention_mask: () => mask,
    encoder_hidden_states: () => states,
    use_cache_branch: () => new runtime.Tensor('bool', [before !== undefined], [1]),
  };
  return feedsOf(decoder, offered, before ?? emptyCache(decoder, rowCount));
}

export async function startTranslation(
  translator: Translator,
  sources: TokenRows,
): Promise<Sequences> {
  const source = await encode(translator, sources);
  const starts = BigInt64Array.from(sources, () => BigInt(translator.startToken));
  return run(translator, source, starts);
}

async function run(
  translator: Translator,
  source: Source,
  ids: BigInt64Array,
  before?: Cache,
): Promise<Sequences> {
  const { decoder } = translator;
  const wanted = [...DISTRIBUTION_OUTPUTS, ...cacheOutputs(decoder, before)];
  const out = await decoder.session.run(decoderFeeds(translator, source, ids, before), wanted);
  const cache = cacheOf(decoder, out, before);
  return {
    next: lastDistributions(out),
    step: (parents, tokens) => step(translator, source, cache, parents, tokens),
  };
}

function step(
  translator: Translator,
  source: Source,
  cache: Cache,
  parents: readonly number[],
  tokens: readonly number[],
): Promise<Sequences> {
  const { runtime } = translator.decoder;
  const ids = BigInt64Array.from(tokens, BigInt);
  if (isSameOrder(parents, source.rowCount)) return run(translator, source, ids, cache);
  const taken = {
    rowCount: parents.length,
    states: rowsOf(runtime, source.states, parents),
    mask: rowsOf(runtime, source.mask, parents),
  };
  return run(translator, taken, ids, takeRows(runtime, cache, parents));
}

/** Log-probabilities of all tokens of each row, which are translations of the sources. */
export async function scoreTranslations(
  translator: Translator,
  rows: readonly ScoredRow[],
  sources: TokenRows,
): Promise<Float64Array[]> {
  const { decoder } = translator;
  const source = await encode(translator, sources);
  const inputs = rows.map(({ tokens }) => [translator.startToken, ...tokens.slice(0, -1)]);
  const { ids } = batchTokens(inputs, 'right');
  const feeds = decoderFeeds(translator, source, ids);
  const out = await decoder.session.run(feeds, [LOG_PROBABILITIES]);
  const { at } = allDistributions(out);
  return rows.map(({ tokens, from }, r) =>
    Float64Array.from(tokens.slice(from), (token, i) => at(r, from + i, token)),
  );
}
