/**
 * A sequence-to-sequence model at work: the source is encoded once, the text grows by a token at a
 * time. Rows of the text have no padding, since all begin with the start token.
 */

import type { Tensor } from 'onnxruntime-common';
import { type Cache, cacheOf, emptyCache, isSameOrder, pastName, takeRows } from './cache.ts';
import type { Running, ScoredRow, Sequences } from './causal.ts';
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

async function encode({ encoder }: Translator, sources: TokenRows): Promise<Source> {
  const { runtime, session } = encoder;
  const { rowCount, length, ids, mask } = batchTokens(sources, 'right');
  const maskTensor = int64Tensor(runtime, mask, [rowCount, length]);
  const out = await session.run(
    { input_ids: int64Tensor(runtime, ids, [rowCount, length]), attention_mask: maskTensor },
    ['last_hidden_state'],
  );
  return { rowCount, states: out.last_hidden_state!, mask: maskTensor };
}

/** The first step: no cache yet, and the source as the encoder left it. */
function firstFeeds({ decoder }: Translator, source: Source, ids: Tensor): Feeds {
  const { runtime, graph } = decoder;
  return {
    input_ids: ids,
    encoder_attention_mask: source.mask,
    encoder_hidden_states: source.states,
    use_cache_branch: new runtime.Tensor('bool', [false], [1]),
    ...emptyCache(runtime, graph.inputs, source.rowCount),
  };
}

export async function startTranslation(
  translator: Translator,
  sources: TokenRows,
): Promise<Sequences> {
  const source = await encode(translator, sources);
  const starts = BigInt64Array.from(sources, () => BigInt(translator.startToken));
  const ids = int64Tensor(translator.decoder.runtime, starts, [source.rowCount, 1]);
  return run(translator, firstFeeds(translator, source, ids), source.mask);
}

/** @param known what the cache holds of the source, once it does */
async function run(
  translator: Translator,
  feeds: Feeds,
  mask: Tensor,
  known: Cache = {},
): Promise<Sequences> {
  const { graph, session } = translator.decoder;
  const isWanted = (name: string) =>
    name === 'log_probabilities' || (name.startsWith('present.') && !(pastName(name) in known));
  const wanted = graph.outputs.map(({ name }) => name).filter(isWanted);
  const out = await session.run(feeds, wanted);
  const cache = { ...known, ...cacheOf(out) };
  return {
    next: out.log_probabilities!.data as Float32Array,
    step: (parents, tokens) => step(translator, cache, mask, parents, tokens),
  };
}

function step(
  translator: Translator,
  cache: Cache,
  mask: Tensor,
  parents: readonly number[],
  tokens: readonly number[],
): Promise<Sequences> {
  const { runtime } = translator.decoder;
  const [rowCount, length] = mask.dims as [number, number];
  const isSame = isSameOrder(parents, rowCount);
  const kept = isSame ? cache : takeRows(runtime, cache, parents);
  const keptMask = isSame ? mask : maskRows(translator, mask, parents, length);
  const feeds: Feeds = {
    input_ids: int64Tensor(runtime, BigInt64Array.from(tokens, BigInt), [parents.length, 1]),
    encoder_attention_mask: keptMask,
    encoder_hidden_states: noStates(translator, parents.length),
    use_cache_branch: new runtime.Tensor('bool', [true], [1]),
    ...kept,
  };
  return run(translator, feeds, keptMask, ofSource(kept));
}

/** Keys and values of the source never change. */
function ofSource(cache: Cache): Cache {
  return Object.fromEntries(Object.entries(cache).filter(([name]) => name.includes('.encoder.')));
}

function maskRows(
  { decoder }: Translator,
  mask: Tensor,
  parents: readonly number[],
  length: number,
): Tensor {
  const data = mask.data as BigInt64Array;
  const taken = new BigInt64Array(parents.length * length);
  parents.forEach((parent, i) => {
    taken.set(data.subarray(parent * length, (parent + 1) * length), i * length);
  });
  return int64Tensor(decoder.runtime, taken, [parents.length, length]);
}

/** The cache holds all that the decoder needs of the source. */
function noStates({ decoder }: Translator, rowCount: number): Tensor {
  const width = decoder.graph.inputs.find(({ name }) => name === 'encoder_hidden_states')!.dims[2];
  return new decoder.runtime.Tensor('float32', new Float32Array(0), [rowCount, 0, Number(width)]);
}

/** Log-probabilities of all tokens of each row, which are translations of the sources. */
export async function scoreTranslations(
  translator: Translator,
  rows: readonly ScoredRow[],
  sources: TokenRows,
): Promise<Float64Array[]> {
  const source = await encode(translator, sources);
  const inputs = rows.map(({ tokens }) => [translator.startToken, ...tokens.slice(0, -1)]);
  const { rowCount, length, ids } = batchTokens(inputs, 'right');
  const { runtime, session } = translator.decoder;
  const idTensor = int64Tensor(runtime, ids, [rowCount, length]);
  const out = await session.run(firstFeeds(translator, source, idTensor), ['log_probabilities']);
  const { data, dims } = out.log_probabilities!;
  const vocabulary = dims[2]!;
  return rows.map(({ tokens, from }, r) =>
    Float64Array.from(
      tokens.slice(from),
      (token, i) => (data as Float32Array)[(r * length + from + i) * vocabulary + token]!,
    ),
  );
}
