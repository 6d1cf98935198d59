/** Requests about whole texts: how probable they are, and their features. */

import type { Embedder, Item, RequestOptions, TextScore, TextScorer } from '../languageModel.ts';
import { fittingTokens } from '../textTokenizer.ts';
import { type SignalOf, stoppable } from './causalModel.ts';
import { embeddingsOf } from './embedding.ts';
import type { GgufEngine } from './llamaContext.ts';
import { scoreRows } from './scoring.ts';
import type { Vocabulary } from './vocabulary.ts';

/** A text's tokens are predicted one after the other, the first after the token that begins texts. */
export function textScorer(
  engine: GgufEngine,
  vocabulary: Vocabulary,
  signalOf: SignalOf,
): TextScorer {
  return {
    scores: async (items, options) => {
      const rows = items.map((item) => ({
        tokens: vocabulary.tokensOf(begun(vocabulary, tokensOf(engine, vocabulary, item, options))),
        from: 1,
      }));
      const found = await stoppable(signalOf(options), (signal) => scoreRows(engine, rows, signal));
      return found.map(scoreOf);
    },
  };
}

function scoreOf(logProbabilities: Float64Array): TextScore {
  return {
    logProbability: logProbabilities.reduce((sum, each) => sum + each, 0),
    tokenCount: logProbabilities.length,
  };
}

function begun({ firstToken }: Vocabulary, tokens: readonly number[]): readonly number[] {
  return firstToken === undefined || tokens[0] === firstToken ? tokens : [firstToken, ...tokens];
}

export function embedder(engine: GgufEngine, vocabulary: Vocabulary, signalOf: SignalOf): Embedder {
  const embed = embeddingsOf(engine);
  return {
    dimensions: engine.model.embeddingVectorSize,
    vectors: async (items, options) => {
      const texts = items.map((item) =>
        vocabulary.tokensOf(tokensOf(engine, vocabulary, item, options)),
      );
      return stoppable(signalOf(options), (signal) => embed(texts, signal));
    },
  };
}

/** With room for a token that begins them. */
function tokensOf(
  { name, maxTokens }: GgufEngine,
  tokenizer: Vocabulary,
  item: Item,
  options?: RequestOptions,
): number[] {
  return fittingTokens(tokenizer, maxTokens, name, item, options);
}
