/** Features of texts, by llama.cpp. */

import type { Embedder } from '../languageModel.ts';
import { fittingTokens } from '../textTokenizer.ts';
import { type SignalOf, stoppable } from './causalModel.ts';
import { embeddingsOf } from './embedding.ts';
import type { GgufEngine } from './llamaContext.ts';
import type { Vocabulary } from './vocabulary.ts';

export function embedder(engine: GgufEngine, vocabulary: Vocabulary, signalOf: SignalOf): Embedder {
  const embed = embeddingsOf(engine);
  const { name, maxTokens } = engine;
  return {
    dimensions: engine.model.embeddingVectorSize,
    vectors: async (items, options) => {
      const texts = items.map((item) =>
        vocabulary.tokensOf(fittingTokens(vocabulary, maxTokens, name, item, options)),
      );
      return stoppable(signalOf(options), (signal) => embed(texts, signal));
    },
  };
}
