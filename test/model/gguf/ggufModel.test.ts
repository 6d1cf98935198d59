/**
 * A GGUF file's model against what transformers computed with the checkpoint it was made of, and
 * against itself: steps equal whole passes, batches equal single rows.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGgufModel } from '../../../src/model/gguf/openGgufModel.ts';
import type { LanguageModel, TokenModel } from '../../../src/model/languageModel.ts';
import { readReference } from '../family.ts';
import { llamaGguf } from './llamaGguf.ts';
import {
  hasLlamaCpp,
  largestDifference,
  logSoftmax,
  nextOf,
  oneByOne,
  referenceBeams,
  referenceRows,
  tinyGguf,
  VOCABULARY_SIZE,
  writeTemporary,
} from './tinyGguf.ts';
import { bpeVocabulary } from './vocabularies.ts';

/** Measured: 1e-5, with float32 caches. */
const TOLERANCE = 1e-4;

const file = writeTemporary(tinyGguf());
const describeRunning = describe.skipIf(!hasLlamaCpp);
let model: LanguageModel;
let next: TokenModel;

beforeAll(async () => {
  if (!hasLlamaCpp) return;
  model = await openGgufModel(file.path, 'tiny', { threads: 1 });
  next = nextOf(model);
});

afterAll(async () => {
  await model?.close();
  file.remove();
});

const rowOf = (values: Float32Array, row: number) =>
  values.subarray(row * VOCABULARY_SIZE, (row + 1) * VOCABULARY_SIZE);

describeRunning('the next token', () => {
  it('is told apart by what the file says of the model', () => {
    expect(next).toMatchObject({
      kind: 'causal',
      vocabularySize: VOCABULARY_SIZE,
      maxTokens: 64,
      endTokens: [2],
      bannedTokens: [],
    });
  });

  it.each(referenceRows())('has the distribution of the reference after $name', async (row) => {
    const prefixes = row.ids.map((_, i) => row.ids.slice(0, i + 1));
    const found = await oneByOne(next, prefixes);
    found.forEach((values, i) => {
      expect(largestDifference(values, row.logProbabilities[i]!)).toBeLessThan(TOLERANCE);
    });
  });

  it.each(referenceRows())('has the same one after steps over $name', async (row) => {
    const stream = await next.start([row.ids.slice(0, 1)]);
    for (const [i, wanted] of row.logProbabilities.entries()) {
      expect(largestDifference(stream.logProbabilities(), wanted)).toBeLessThan(TOLERANCE);
      if (i + 1 < row.ids.length) await stream.advance([0], [row.ids[i + 1]!]);
    }
    stream.close();
  });

  it('has the same one in a batch of rows of unequal lengths', async () => {
    const rows = referenceRows();
    const stream = await next.start(rows.map(({ ids }) => ids));
    expect(stream.rowCount()).toBe(rows.length);
    rows.forEach(({ logProbabilities }, r) => {
      const found = rowOf(stream.logProbabilities(), r);
      expect(largestDifference(found, logProbabilities.at(-1)!)).toBeLessThan(TOLERANCE);
    });
    stream.close();
  });
});

describeRunning('rows of a stream', () => {
  /** Steps of [parents, tokens], each checked against new streams over the same sequences. */
  async function follow(inputs: number[][], steps: [number[], number[]][], of = next) {
    let sequences = inputs;
    const stream = await of.start(inputs);
    for (const [parents, tokens] of steps) {
      await stream.advance(parents, tokens);
      sequences = parents.map((parent, i) => [...sequences[parent]!, tokens[i]!]);
      expect(stream.rowCount()).toBe(parents.length);
      const wanted = await oneByOne(of, sequences);
      wanted.forEach((values, r) => {
        const found = rowOf(stream.logProbabilities(), r);
        expect(largestDifference(found, values)).toBeLessThan(TOLERANCE);
      });
    }
    stream.close();
  }

  it('are put in another order', async () => {
    await follow(
      [[1, 5], [1, 6, 7], [1]],
      [
        [
          [2, 0, 1],
          [9, 10, 11],
        ],
        [
          [1, 2, 0],
          [12, 13, 14],
        ],
      ],
    );
  });

  it('are dropped, and their places used again', async () => {
    await follow(
      [
        [1, 5],
        [1, 6],
        [1, 7],
      ],
      [
        [[1], [9]],
        [
          [0, 0, 0],
          [10, 11, 12],
        ],
      ],
    );
  });

  it('are copied, and no copy knows of the others', async () => {
    await follow(
      [
        [1, 5],
        [1, 6],
      ],
      [
        [
          [1, 1],
          [9, 10],
        ],
        [
          [1, 0],
          [11, 11],
        ],
        [
          [0, 0],
          [3, 4],
        ],
      ],
    );
  });

  it('become more than there were', async () => {
    await follow(
      [[1, 5]],
      [
        [
          [0, 0, 0],
          [9, 10, 11],
        ],
        [
          [2, 2, 1, 0],
          [3, 4, 5, 6],
        ],
      ],
    );
  });

  it('all go', async () => {
    await follow(
      [
        [1, 5],
        [1, 6],
      ],
      [[[], []]],
    );
  });

  it('move to a larger context when they outgrow theirs', async () => {
    const long = writeTemporary(tinyGguf({ 'llama.context_length': { uint32: 1024 } }));
    const longer = await openGgufModel(long.path, 'long', { threads: 1 });
    const input = Array.from({ length: 254 }, (_, i) => (i * 7) % VOCABULARY_SIZE);
    const steps = Array.from({ length: 4 }, (_, i): [number[], number[]] => [
      [0, 1],
      [i, i + 1],
    ]);
    await follow([input, input], steps, nextOf(longer));
    await longer.close();
    long.remove();
  });
});

describeRunning('continuations', () => {
  it('have the log-probabilities of the reference', async () => {
    const rows = referenceRows().map(({ ids, logProbabilities }) => ({
      input: ids.slice(0, 2),
      continuation: ids.slice(2),
      wanted: ids.slice(2).map((id, i) => logProbabilities[i + 1]![id]!),
    }));
    const found = await next.continuationLogProbabilities(rows);
    rows.forEach(({ wanted }, r) => {
      expect(largestDifference(found[r]!, wanted)).toBeLessThan(TOLERANCE);
    });
  });

  it('have those of the beams of the reference', async () => {
    const beams = referenceBeams().filter(({ input_ids: ids }) => ids.length === 1);
    expect(beams.length).toBeGreaterThan(0);
    for (const { input_ids: ids, hypotheses } of beams) {
      const found = await next.continuationLogProbabilities(
        hypotheses.map(({ new_ids: continuation }) => ({ input: ids[0]!, continuation })),
      );
      const sums = found.map((values) => values.reduce((sum, x) => sum + x, 0));
      const wanted = hypotheses.map(({ sum_log_prob: sum }) => sum);
      expect(largestDifference(sums, wanted)).toBeLessThan(12 * TOLERANCE);
    }
  });

  it('may be empty', async () => {
    expect(await next.continuationLogProbabilities([])).toEqual([]);
    const found = await next.continuationLogProbabilities([{ input: [1, 2], continuation: [] }]);
    expect(found).toEqual([new Float64Array(0)]);
  });
});

describeRunning('texts', () => {
  it('are as probable as their tokens after the first', async () => {
    const text = 'the thing';
    const [input, ...continuation] = next.tokenizer.encode(text);
    expect(input).toBe(1);
    const [values] = await next.continuationLogProbabilities([{ input: [1], continuation }]);
    const [score, nothing] = await model.score!.scores([
      { id: 'a', text },
      { id: 'b', text: '' },
    ]);
    expect(score!.tokenCount).toBe(continuation.length);
    expect(score!.logProbability).toBeCloseTo(
      values!.reduce((sum, x) => sum + x, 0),
      6,
    );
    expect(nothing).toEqual({ logProbability: 0, tokenCount: 0, windows: 1 });
  });

  it('that are too long are read in windows, or cut when that is asked for', async () => {
    const text = 'z'.repeat(100);
    const tokens = [1, ...next.tokenizer.encode(text, { specialTokens: false })];
    expect(tokens).toHaveLength(102);
    const items = [{ id: 'x', text }];
    const [cut] = await model.score!.scores(items, { truncate: true });
    expect(cut).toMatchObject({ tokenCount: 63, windows: 1 });
    const [score] = await model.score!.scores(items);
    expect(score).toMatchObject({ tokenCount: 101, windows: 3 });
    const parts = [
      [0, 1, 64],
      [32, 64, 96],
      [38, 96, 102],
    ] as const;
    const found = await next.continuationLogProbabilities(
      parts.map(([start, from, end]) => ({
        input: tokens.slice(start, from),
        continuation: tokens.slice(from, end),
      })),
    );
    const sum = found.flatMap((row) => [...row]).reduce((total, x) => total + x, 0);
    expect(score!.logProbability).toBeCloseTo(sum, 4);
  });
});

describeRunning('features', () => {
  it('are the mean of the states of the reference', async () => {
    const { input_ids: ids, last_hidden_state: states } = readReference('llama').cases[0]!;
    const bare = {
      'tokenizer.ggml.add_bos_token': { bool: false },
      'tokenizer.ggml.add_space_prefix': { bool: false },
    };
    const written = writeTemporary(tinyGguf(bare));
    const opened = await openGgufModel(written.path, 'bare', { threads: 1 });
    const { tokenizer } = nextOf(opened);
    const text = tokenizer.decode(ids[0]!);
    expect(tokenizer.encode(text)).toEqual(ids[0]);
    const items = ['a longer text', text].map((each) => ({ id: each, text: each }));
    const [, vector] = await opened.embed!.vectors(items);
    expect(opened.embed!.dimensions).toBe(vector!.length);
    expect(largestDifference(vector!, meanOf(states![0]!))).toBeLessThan(TOLERANCE);
    await opened.close();
    written.remove();
  });

  function meanOf(states: readonly (readonly number[])[]): number[] {
    return states[0]!.map(
      (_, column) => states.reduce((sum, state) => sum + state[column]!, 0) / states.length,
    );
  }
});

const TRAINED = join(import.meta.dirname, '../../../../shared/models/llama-base-tiny');

describe.skipIf(!hasLlamaCpp || !existsSync(TRAINED))(
  'a trained model (skipped without ../shared)',
  () => {
    const read = (name: string) => JSON.parse(readFileSync(join(TRAINED, name), 'utf8'));

    it('continues a text as in the reference', async () => {
      const { prompt, greedy_24: wanted, last_logits: logits } = read('reference.json');
      const written = writeTemporary(llamaGguf(TRAINED, bpeVocabulary(read('tokenizer.json'))));
      const opened = await openGgufModel(written.path, 'trained', { threads: 1 });
      const trained = nextOf(opened);
      const ids = trained.tokenizer.encode(prompt);
      const stream = await trained.start([ids]);
      expect(largestDifference(stream.logProbabilities(), logSoftmax(logits))).toBeLessThan(
        TOLERANCE,
      );
      while (!trained.endTokens.includes(ids.at(-1)!) || ids.length === 1) {
        const values = stream.logProbabilities();
        ids.push(values.indexOf(Math.max(...values)));
        await stream.advance([0], [ids.at(-1)!]);
      }
      expect(ids).toEqual(wanted);
      stream.close();
      await opened.close();
      written.remove();
    });
  },
);
