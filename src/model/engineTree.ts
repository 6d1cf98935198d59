/** A tree of sequences that an engine keeps. Nodes have numbers that no two trees of an engine share. */

import { abortable } from './abort.ts';
import type { Engine } from './engine/engine.ts';
import type { TokenTree } from './languageModel.ts';

/** @param numbers those that the engine's trees have used */
export function engineTree(engine: Engine, numbers: { count: number }): TokenTree {
  const kept = new Set<number>();
  // Told with the next request, so that forgetting costs no message of its own.
  let forgotten: number[] = [];
  const numberOf = () => {
    kept.add(numbers.count);
    return numbers.count++;
  };
  return {
    async grow(branches, { signal } = {}) {
      const nodes = branches.map(({ tokens }) => tokens.map(numberOf));
      const numbered = branches.map((branch, i) => ({ ...branch, nodes: nodes[i]! }));
      const gone = forgotten;
      forgotten = [];
      const logProbabilities = await abortable(engine.grow(numbered, gone), signal);
      return { nodes, logProbabilities };
    },
    forget(nodes) {
      for (const node of nodes) kept.delete(node);
      forgotten.push(...nodes);
    },
    close() {
      void engine.forget([...forgotten, ...kept]);
      forgotten = [];
      kept.clear();
    },
  };
}
