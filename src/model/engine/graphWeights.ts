/** The tensors of a checkpoint as a graph asks for them, by the names that its files have for them. */

import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import { badInput } from '../../errors.ts';
import { createGraphBuilder, type GraphBuilder, type WeightSource } from '../graph/graph.ts';

/** How the oldest files spell what is now `weight` and `bias` of a norm. */
const OLD_SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/LayerNorm\.weight$/, 'LayerNorm.gamma'],
  [/LayerNorm\.bias$/, 'LayerNorm.beta'],
];

/** @param prefixes that some files put before names and others leave out */
export function weightSourceOf(checkpoint: Checkpoint, prefixes: readonly string[]): WeightSource {
  const { tensors } = checkpoint;
  function spellings(name: string): string[] {
    const bare = prefixes.flatMap((prefix) =>
      name.startsWith(prefix) ? [name.slice(prefix.length)] : [`${prefix}${name}`],
    );
    return [name, ...bare].flatMap((spelling) => [
      spelling,
      ...OLD_SPELLINGS.map(([now, old]) => spelling.replace(now, old)),
    ]);
  }
  return {
    find: (name) => spellings(name).find((spelling) => tensors.has(spelling)),
    shapeOf: (stored) => tensors.get(stored)!.shape,
    missing(name) {
      throw badInput(
        `${checkpoint.path}: tensor "${name}" is missing, which its architecture needs`,
      );
    },
  };
}

export function graphBuilderOf(checkpoint: Checkpoint, prefixes: readonly string[]): GraphBuilder {
  return createGraphBuilder(weightSourceOf(checkpoint, prefixes), (name, actual, expected) => {
    if (actual.length === expected.length && actual.every((n, i) => n === expected[i])) return;
    throw badInput(
      `${checkpoint.path}: tensor "${name}" has the shape [${actual.join(', ')}], where its config asks for [${expected.join(', ')}]`,
    );
  });
}
