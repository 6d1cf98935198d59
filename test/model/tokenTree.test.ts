/** Sequences that do not advance together: what follows each must not depend on how it was grown. */

import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/model/engine/engine.ts';
import { engineTree } from '../../src/model/engineTree.ts';
import { CAUSAL, openFamilyEngine, worstError } from './family.ts';

const ROW = [107, 16, 54, 29, 78, 11, 99, 3, 64];
const VOCABULARY = 128;

async function nextOf(engine: Engine, tokens: readonly number[]): Promise<Float32Array> {
  return (await engine.start(0, [tokens])).logProbabilities;
}

/** Lengths change what a model of this family remembers, so it keeps no tree. */
const GROWING = CAUSAL.filter((name) => name !== 'phi3-longrope');

describe.each(GROWING)('%s', (name) => {
  it('grows branches of many lengths from nodes within others', async () => {
    const engine = await openFamilyEngine(name);
    expect(engine.facts.grows).toBe(true);
    const tree = engineTree(engine, { count: 0 });
    const [trunk, other] = (
      await tree.grow([
        { parent: undefined, tokens: ROW },
        { parent: undefined, tokens: [5, 61] },
      ])
    ).nodes;
    const sequences = [[...ROW.slice(0, 3), 90], [...ROW, 7, 8], [5, 61, 18, 2, 33], [44]];
    const grown = await tree.grow([
      { parent: trunk![2], tokens: [90] },
      { parent: trunk!.at(-1), tokens: [7, 8] },
      { parent: other![1], tokens: [18, 2, 33] },
      { parent: undefined, tokens: [44] },
    ]);
    const ends = [0, 2, 5, 6];
    for (const [i, sequence] of sequences.entries()) {
      const row = grown.logProbabilities.subarray(
        ends[i]! * VOCABULARY,
        (ends[i]! + 1) * VOCABULARY,
      );
      expect(worstError(row, [...(await nextOf(engine, sequence))], 1)).toBeLessThan(1);
    }
    const again = await tree.grow(grown.nodes.map((nodes) => ({ parent: nodes[0], tokens: [1] })));
    const third = again.logProbabilities.subarray(2 * VOCABULARY, 3 * VOCABULARY);
    expect(worstError(third, [...(await nextOf(engine, [5, 61, 18, 1]))], 1)).toBeLessThan(1);
    await engine.close();
  });
});

describe('a tree', () => {
  it('is not kept where the length changes what is remembered', async () => {
    const engine = await openFamilyEngine('phi3-longrope');
    expect(engine.facts.grows).toBe(false);
    await engine.close();
  });

  it('does not continue what it has forgotten, but what came of it', async () => {
    const engine = await openFamilyEngine('llama');
    const tree = engineTree(engine, { count: 0 });
    const { nodes } = await tree.grow([{ parent: undefined, tokens: [5, 61, 18] }]);
    tree.forget(nodes[0]!.slice(0, 2));
    const { logProbabilities } = await tree.grow([{ parent: nodes[0]![2], tokens: [9] }]);
    const wanted = [...(await nextOf(engine, [5, 61, 18, 9]))];
    expect(worstError(logProbabilities, wanted, 1)).toBeLessThan(1);
    await expect(tree.grow([{ parent: nodes[0]![0], tokens: [9] }])).rejects.toThrow(
      `a sequence continues node ${nodes[0]![0]}, which is unknown or forgotten`,
    );
    tree.close();
    await engine.close();
  });
});
