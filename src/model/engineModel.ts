/**
 * A language model over a running checkpoint: its tokenizer, its config, and an engine, wherever that
 * is. Not the opening of files: checkpointModel.ts.
 */

import type { JsonObject } from '../checkpoint/checkpoint.ts';
import { badInput } from '../errors.ts';
import { abortable } from './abort.ts';
import type { ChatPrompt } from './chatTemplate.ts';
import { inBatches } from './engine/batches.ts';
import type { NextTokens } from './engine/distributions.ts';
import type { Engine } from './engine/engine.ts';
import { engineTree } from './engineTree.ts';
import type {
  Classifier,
  Embedder,
  GenerationDefaults,
  Item,
  LanguageModel,
  RequestOptions,
  TokenModel,
  TokenStream,
} from './languageModel.ts';
import { textScorer } from './scoreText.ts';
import { fittingTokens } from './textTokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface ModelFiles {
  readonly name: string;
  readonly config: JsonObject;
  readonly generationConfig: JsonObject;
  readonly tokenizer: Tokenizer;
  readonly chatPrompt?: ChatPrompt | undefined;
}

export function modelOver(engine: Engine, files: ModelFiles): LanguageModel {
  const { task } = engine.facts;
  const limit = limitOf(files.config);
  const idsOf = (item: Item, options: RequestOptions) =>
    fittingTokens(files.tokenizer, limit, files.name, item, options);
  const writes = task === 'causal' || task === 'sequence_to_sequence';
  const next = writes ? tokenModel(engine, files, limit) : undefined;
  return {
    name: files.name,
    ...(task === 'sequence_classification' ? { classify: classifier(engine, files, idsOf) } : {}),
    ...(next ? { next } : {}),
    ...(next?.kind === 'causal' ? { score: textScorer(next) } : {}),
    ...(engine.facts.width > 0 ? { embed: embedder(engine, idsOf) } : {}),
    ...(next && files.chatPrompt ? { chatPrompt: files.chatPrompt } : {}),
    close: engine.close,
  };
}

/** What the tokenizer puts before a text, or the config calls its beginning. */
function beginningOf({ config, tokenizer }: ModelFiles): number | undefined {
  const [first] = tokenizer.encode('');
  const named = config.bos_token_id;
  return first ?? (typeof named === 'number' ? named : undefined);
}

type IdsOf = (item: Item, options: RequestOptions) => number[];

/** Positions that the model has. */
function limitOf(config: JsonObject): number | undefined {
  const most = config.max_position_embeddings ?? config.n_positions;
  if (typeof most !== 'number') return undefined;
  // RoBERTa counts its positions from behind the padding token.
  const isShifted = ['roberta', 'xlm-roberta'].includes(String(config.model_type));
  return isShifted ? most - Number(config.pad_token_id ?? 1) - 1 : most;
}

function classifier(engine: Engine, { config }: ModelFiles, idsOf: IdsOf): Classifier {
  return {
    labels: labelsOf(config, engine.facts.outcomes),
    logProbabilities: async (items, options) => {
      const rows = await overTexts(engine.classify, idsOf, items, options);
      return rows.map((row) => Float64Array.from(row));
    },
  };
}

/** A row of numbers for each text. */
function overTexts(
  run: (batch: readonly number[][]) => Promise<Float32Array>,
  idsOf: IdsOf,
  items: readonly Item[],
  options: RequestOptions = {},
): Promise<Float32Array[]> {
  return inBatches(
    items.map((item) => idsOf(item, options)),
    (row) => row.length,
    async (batch) => rowsOf(await run(batch), batch.length),
    options,
  );
}

function labelsOf({ id2label }: JsonObject, count: number): string[] {
  const named = (id2label ?? {}) as JsonObject;
  return Array.from({ length: count }, (_, i) => String(named[i] ?? `LABEL_${i}`));
}

function rowsOf(values: Float32Array, count: number): Float32Array[] {
  const width = values.length / count;
  return Array.from({ length: count }, (_, r) => values.slice(r * width, (r + 1) * width));
}

function embedder(engine: Engine, idsOf: IdsOf): Embedder {
  return {
    dimensions: engine.facts.width,
    vectors: (items, options) => overTexts(engine.embed, idsOf, items, options),
  };
}

function tokenModel(engine: Engine, files: ModelFiles, maxTokens: number | undefined): TokenModel {
  const { config, generationConfig, tokenizer } = files;
  const beginning = beginningOf(files);
  const isCausal = engine.facts.task === 'causal';
  let streams = 0;
  const number = () => streams++;
  const nodes = { count: 0 };
  return {
    kind: isCausal ? 'causal' : 'sequence_to_sequence',
    tokenizer,
    vocabularySize: engine.facts.outcomes,
    maxTokens,
    ...(isCausal && beginning !== undefined ? { beginning } : {}),
    endTokens: tokenList(generationConfig.eos_token_id ?? config.eos_token_id),
    bannedTokens: bannedTokens(generationConfig),
    defaults: defaultsOf({ ...config, ...generationConfig }),
    start: (inputs, options) => openStream(engine, number, inputs, options),
    ...(engine.facts.grows ? { tree: () => engineTree(engine, nodes) } : {}),
    continuationLogProbabilities: (rows, options = {}) =>
      inBatches(
        rows,
        ({ input, continuation }) => input.length + continuation.length,
        (batch) => scoreBatch(engine, batch, isCausal),
        options,
      ),
  };
}

type Continued = Parameters<TokenModel['continuationLogProbabilities']>[0];

function scoreBatch(engine: Engine, batch: Continued, isCausal: boolean): Promise<Float64Array[]> {
  if (!isCausal) {
    return engine.score(
      batch.map(({ continuation }) => ({ tokens: continuation, from: 0 })),
      batch.map(({ input }) => input),
    );
  }
  return engine.score(
    batch.map(({ input, continuation }) => {
      if (input.length === 0) throw badInput('a text is scored after at least one token of input');
      return { tokens: [...input, ...continuation], from: input.length };
    }),
  );
}

async function openStream(
  engine: Engine,
  number: () => number,
  inputs: readonly (readonly number[])[],
  { signal }: RequestOptions = {},
): Promise<TokenStream> {
  const stream = number();
  const started = engine.start(stream, inputs);
  const next = await abortable(started, signal).catch((error: unknown) => {
    // It begins all the same, and its memory would never be given back.
    started.then(
      () => engine.end(stream),
      () => {},
    );
    throw error;
  });
  return streamOver(engine, number, stream, { next, rowCount: inputs.length });
}

interface StreamState {
  readonly next: NextTokens;
  readonly rowCount: number;
}

/** @param number gives streams the numbers that the engine knows them by */
function streamOver(
  engine: Engine,
  number: () => number,
  stream: number,
  begun: StreamState,
): TokenStream {
  let state = begun;
  return {
    logProbabilities: () => state.next.logProbabilities,
    logNormalizers: () => state.next.logNormalizers,
    rowCount: () => state.rowCount,
    async advance(parents, tokens, { signal } = {}) {
      const next = await abortable(engine.advance(stream, parents, tokens), signal);
      state = { next, rowCount: parents.length };
    },
    async fork() {
      const copy = number();
      await engine.fork(stream, copy);
      return streamOver(engine, number, copy, state);
    },
    close: () => void engine.end(stream),
  };
}

function tokenList(value: JsonObject[string] | undefined): number[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((token) => typeof token === 'number');
}

/** Of `bad_words_ids` the words of one token, which is how padding is kept out of translations. */
function bannedTokens({ bad_words_ids: words }: JsonObject): number[] {
  const lists = Array.isArray(words) ? words : [];
  return lists.flatMap((word) => (Array.isArray(word) && word.length === 1 ? tokenList(word) : []));
}

const DEFAULTS = {
  beams: 'num_beams',
  lengthPenalty: 'length_penalty',
  maxNewTokens: 'max_new_tokens',
  temperature: 'temperature',
  topK: 'top_k',
  topP: 'top_p',
  forcedEndToken: 'forced_eos_token_id',
} as const;

function defaultsOf(given: JsonObject): GenerationDefaults {
  const numbers = Object.entries(DEFAULTS).flatMap(([name, spelled]) =>
    typeof given[spelled] === 'number' ? [[name, given[spelled]]] : [],
  );
  const { early_stopping: early } = given;
  return {
    ...Object.fromEntries(numbers),
    ...(typeof early === 'boolean' ? { earlyStopping: early } : {}),
  };
}
