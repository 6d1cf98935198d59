/** A tree of sequences that an engine keeps. Nodes have numbers that no two trees of an engine share. */

import { abortable } from './abort.ts';
import type { Engine } from './engine/engine.ts';
import type { TokenTree } from './languageModel.ts';

/** @param numbers those that the engine's trees have used */
export function engineTree(engine: Engine, numbers: { count: number }): TokenTree {
  const kept = new Set<number>();
  const numberOf = () => {
    kept.add(numbers.count);
    return numbers.count++;
  };
  return {
    async grow(branches, { signal } = {}) {
      const nodes = branches.map(({ tokens }) => tokens.map(numberOf));
      const numbered = branches.map((branch, i) => ({ ...branch, nodes: nodes[i]! }));
      const logProbabilities = await abortable(engine.grow(numbered), signal);
      return { nodes, logProbabilities };
    },
    forget(nodes) {
      for (const node of nodes) kept.delete(node);
      if (nodes.length > 0) void engine.forget(nodes);
    },
    close() {
      void engine.forget([...kept]);
      kept.clear();
    },
  };
}
