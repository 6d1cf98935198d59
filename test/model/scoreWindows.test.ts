/** Texts that are longer than the model reads, against logits of each window by itself. */

import fc from 'fast-check';
import * as runtime from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { openCheckpointModel } from '../../src/model/checkpointModel.ts';
import { textScorer, windowsOf } from '../../src/model/scoreText.ts';
import { scratchFolder } from '../merge/scratch.ts';
import { familyFolder, textOf } from './exported.ts';
import { int64, openGraph } from './family.ts';

const { path: scratch, remove } = scratchFolder();
afterAll(remove);

const TOKENS = Array.from({ length: 23 }, (_, i) => (i * 37 + 11) % 127);
const item = (tokens: readonly number[]) => ({ id: 'a', text: textOf(tokens) });

describe('windows', () => {
  it('score each token once, read no more than the model does, and are full', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }).chain((most) =>
          fc.record({
            most: fc.constant(most),
            stride: fc.option(fc.integer({ min: 1, max: most - 1 }), { nil: undefined }),
            length: fc.integer({ min: 1, max: 120 }),
          }),
        ),
        ({ most, stride, length }) => {
          const windows = windowsOf(length, most, stride);
          const scored = windows.flatMap(({ from, end }) =>
            Array.from({ length: end - from }, (_, i) => from + i),
          );
          expect(scored).toEqual(Array.from({ length: length - 1 }, (_, i) => i + 1));
          for (const { start, from, end } of windows) {
            expect(end - start).toBe(Math.min(most, length));
            expect(from > start).toBe(true);
          }
        },
      ),
    );
  });

  it('have a stride below what the model reads', () => {
    for (const stride of [0, 8, 2.5, -1]) {
      expect(() => windowsOf(4, 8, stride)).toThrow(
        `stride: ${stride} is not a whole number below 8`,
      );
    }
  });
});

/** log p of TOKENS[t] after TOKENS[start, t), in float64 from the graph's logits. */
async function byLogits(starts: readonly number[]): Promise<number> {
  const { session, graph } = await openGraph('llama', 'config.json');
  let sum = 0;
  for (const [i, start] of starts.entries()) {
    const before = TOKENS.slice(start, i + 1);
    const feeds: Record<string, runtime.Tensor> = {
      input_ids: int64([before]),
      attention_mask: int64([before.map(() => 1)]),
      position_ids: int64([before.map((_, place) => place)]),
      logits_from: new runtime.Tensor('int64', [BigInt(before.length - 1)], [1]),
    };
    for (const { name, dims } of graph.inputs) {
      const sizes = dims.map((dim) => (typeof dim === 'number' ? dim : dim === 'past' ? 0 : 1));
      feeds[name] ??= new runtime.Tensor('float32', new Float32Array(0), sizes);
    }
    const logits = (await session.run(feeds)).logits!.data as Float32Array;
    const total = logits.reduce((rest, x) => rest + Math.exp(x), 0);
    sum += logits[TOKENS[i + 1]!]! - Math.log(total);
  }
  return sum;
}

describe('a text longer than the model', () => {
  async function scored(maxTokens: number | undefined, stride?: number, tokens = TOKENS) {
    const model = await openCheckpointModel(familyFolder(scratch, 'llama'), 'llama');
    const { beginning: _, ...next } = model.next!;
    const scorer = textScorer({ ...next, maxTokens });
    const [score] = await scorer.scores([item(tokens)], stride === undefined ? {} : { stride });
    await model.close();
    return score!;
  }

  it.each([
    // Windows [0, 8), [4, 12), [8, 16), [12, 20), [15, 23).
    [8, undefined, 5, [0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12, 15, 15, 15]],
    // Windows [0, 10), [7, 17), [13, 23).
    [10, 7, 3, [0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 7, 7, 7, 7, 7, 7, 13, 13, 13, 13, 13, 13]],
  ])(
    'of %i tokens with the stride %s is the sum over its windows',
    async (most, stride, count, starts) => {
      const score = await scored(most, stride);
      expect(score).toMatchObject({ tokenCount: 22, windows: count });
      expect(Math.abs(score.logProbability - (await byLogits(starts)))).toBeLessThan(1e-3);
    },
  );

  it('is scored as in one pass where it fits', async () => {
    const [fits, free] = [await scored(23), await scored(undefined)];
    expect(fits).toEqual({ ...free, windows: 1 });
  });

  it('is cut or read in windows, not both', async () => {
    const model = await openCheckpointModel(familyFolder(scratch, 'llama'), 'llama');
    const asked = model.score!.scores([item(TOKENS)], { truncate: true, stride: 4 });
    await expect(asked).rejects.toMatchObject({ code: 'bad_input' });
    await model.close();
  });
});
