/**
 * A GGUF file as a language model: the next token, the probability of a text, features. llama.cpp
 * computes. Not chat, and not the writing of texts, which is done over `next`.
 */

import { badInput } from '../../errors.ts';
import { withFileSource } from '../../io/fileSource.ts';
import type { LanguageModel } from '../languageModel.ts';
import { textScorer } from '../scoreText.ts';
import { causalModel, type SignalOf } from './causalModel.ts';
import { embedder } from './embedder.ts';
import { type GgufHeader, readGgufHeader } from './ggufHeader.ts';
import type { GgufEngine } from './llamaContext.ts';
import { type LlamaModel, startLlamaCpp } from './llamaCpp.ts';
import { checkSizes } from './modelSizes.ts';
import { checkVocabulary, type Vocabulary, vocabularyOf } from './vocabulary.ts';

export interface GgufOptions {
  readonly threads: number;
}

/** Half precision and flash attention move log-probabilities by 1e-2, these by 1e-5. */
const PRECISE = {
  defaultContextFlashAttention: false,
  experimentalDefaultContextKvCacheKeyType: 'F32',
  experimentalDefaultContextKvCacheValueType: 'F32',
  // Otherwise rows of models with sliding windows cannot be copied.
  defaultContextSwaFullCache: true,
} as const;

/** Of a text's states; as llama.cpp numbers them. */
const POOLING = { none: 0, mean: 1, rank: 4 } as const;

export async function openGgufModel(
  path: string,
  name: string,
  { threads }: GgufOptions,
): Promise<LanguageModel> {
  const header = await withFileSource(path, readGgufHeader);
  checkVocabulary(header, path);
  const model = await loadModel(path, header);
  const vocabulary = vocabularyOf(model, header, name);
  const engine = {
    name,
    model,
    threads: Math.max(1, threads),
    vocabularySize: vocabulary.size,
    maxTokens: model.trainContextSize,
  };
  return languageModel(engine, vocabulary, header);
}

async function loadModel(path: string, header: GgufHeader): Promise<LlamaModel> {
  const { architecture } = header;
  const { load, architectures } = await startLlamaCpp();
  if (!architectures.includes(architecture)) {
    throw badInput(`${path}: its architecture is "${architecture}", which llama.cpp does not run`);
  }
  if (architecture === 't5') {
    throw badInput(
      `${path}: has an encoder and a decoder ("t5"), and GGUF models with one are run`,
    );
  }
  checkSizes(header, path);
  const pools = poolingOf(header) !== POOLING.none;
  const metadataOverrides = pools ? {} : { [architecture]: { pooling_type: POOLING.mean } };
  return load({ modelPath: path, gpuLayers: 0, metadataOverrides, ...PRECISE });
}

function poolingOf({ metadata, architecture }: GgufHeader) {
  return metadata.get(`${architecture}.pooling_type`) ?? POOLING.none;
}

/** Encoders see what comes after a token; they give features alone. */
function isCausal({ metadata, architecture }: GgufHeader): boolean {
  return architecture !== 't5encoder' && metadata.get(`${architecture}.attention.causal`) !== 0;
}

function languageModel(
  engine: GgufEngine,
  vocabulary: Vocabulary,
  header: GgufHeader,
): LanguageModel {
  const closing = new AbortController();
  const signalOf: SignalOf = ({ signal } = {}) =>
    signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
  const next = isCausal(header) ? causalModel(engine, vocabulary, signalOf) : undefined;
  const ranks = poolingOf(header) === POOLING.rank;
  return {
    name: engine.name,
    ...(next ? { next, score: textScorer(next) } : {}),
    ...(ranks ? {} : { embed: embedder(engine, vocabulary, signalOf) }),
    close: () => {
      closing.abort();
      return engine.model.dispose();
    },
  };
}
