/**
 * A tree of sequences over a model that keeps none: every sequence is read again whenever it grows.
 * Right for every model, and slow for long texts.
 */

import type { TokenModel, TokenTree } from '../../model/languageModel.ts';

export function rereadTree(model: TokenModel): TokenTree {
  const sequences = new Map<number, readonly number[]>();
  let count = 0;
  return {
    async grow(branches, options) {
      const inputs: (readonly number[])[] = [];
      const nodes = branches.map(({ parent, tokens }) => {
        let sequence = parent === undefined ? [] : sequences.get(parent)!;
        return tokens.map((token) => {
          sequence = [...sequence, token];
          inputs.push(sequence);
          sequences.set(count, sequence);
          return count++;
        });
      });
      const stream = await model.start(inputs, options);
      try {
        return { nodes, logProbabilities: stream.logProbabilities().slice() };
      } finally {
        stream.close();
      }
    },
    forget(nodes) {
      for (const node of nodes) sequences.delete(node);
    },
    close: () => sequences.clear(),
  };
}
