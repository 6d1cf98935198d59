/** Features of texts: the states of a text's tokens, pooled as the file says, or their mean. */

import { throwIfAborted } from '../abort.ts';
import type { GgufEngine } from './llamaContext.ts';
import type { LlamaEmbeddingContext, Token } from './llamaCpp.ts';

export type Embed = (
  texts: readonly (readonly Token[])[],
  signal: AbortSignal,
) => Promise<Float32Array[]>;

/** One text after the other, in a context that is long enough for the longest so far. */
export function embeddingsOf({ model, threads }: GgufEngine): Embed {
  let context: LlamaEmbeddingContext | undefined;
  let size = 0;
  let last: Promise<unknown> = Promise.resolve();
  const contextFor = async (length: number) => {
    if (context && length < size) return context;
    await context?.dispose();
    size = 2 ** Math.ceil(Math.log2(length + 2));
    // A text is pooled only when it fits one batch.
    context = await model.createEmbeddingContext({ contextSize: size, batchSize: size, threads });
    return context;
  };
  const embed: Embed = async (texts, signal) => {
    const vectors: Float32Array[] = [];
    for (const tokens of texts) {
      throwIfAborted(signal);
      const { vector } = await (await contextFor(tokens.length)).getEmbeddingFor([...tokens]);
      vectors.push(Float32Array.from(vector));
    }
    return vectors;
  };
  return (texts, signal) => {
    const mine = last.then(() => embed(texts, signal));
    last = mine.catch(() => {});
    return mine;
  };
}
