/** Real trained models against what transformers computed with them; needs ../shared. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpointModel } from '../../src/model/checkpointModel.ts';
import { generateText } from '../../src/model/generate/generateText.ts';
import type { LanguageModel } from '../../src/model/languageModel.ts';
import { bleu } from '../../src/task/metrics/bleu.ts';
import { measure } from '../../src/task/metrics/statisticsTable.ts';
import { worstError } from './family.ts';

const SHARED = join(import.meta.dirname, '../../../shared');
const isThere = existsSync(join(SHARED, 'models'));
const folderOf = (name: string) => join(SHARED, 'models', name);
const referenceOf = (name: string) =>
  JSON.parse(readFileSync(join(folderOf(name), 'reference.json'), 'utf8'));

/** The references were computed on texts cut at so many tokens. */
const LENGTH = 48;

async function withModel(name: string, use: (model: LanguageModel) => Promise<void>) {
  const model = await openCheckpointModel(folderOf(name), name);
  try {
    await use(model);
  } finally {
    await model.close();
  }
}

function logSoftmax(logits: readonly number[]): number[] {
  const top = Math.max(...logits);
  const sum = logits.reduce((total, x) => total + Math.exp(x - top), 0);
  return logits.map((x) => x - top - Math.log(sum));
}

interface Example {
  readonly text: string;
  readonly input_ids: readonly number[];
  readonly logits: readonly number[];
}

describe.skipIf(!isThere)('classifiers (skipped without ../shared)', () => {
  const names = ['bert-sst2-a', 'bert-sst2-b', 'bert-sst2-c', 'bert-trec', 'bert-ag'];
  it.each(names)('%s gives the distributions of the reference', async (name) => {
    const examples: Example[] = referenceOf(name).examples;
    await withModel(name, async ({ classify }) => {
      const items = examples.map(({ text }, i) => ({ id: String(i), text }));
      const found = await classify!.logProbabilities(items, { truncate: LENGTH });
      examples.forEach(({ logits }, i) => {
        expect(worstError(found[i]!, logSoftmax(logits), 1)).toBeLessThan(1);
      });
    });
  });

  it('bert-sst2-a is as often right as in the reference', async () => {
    const { accuracy, predictions } = referenceOf('bert-sst2-a');
    const [, ...lines] = readFileSync(join(SHARED, 'data/sst2/test.tsv'), 'utf8')
      .trim()
      .split('\n');
    const rows = lines.map((line) => line.split('\t'));
    await withModel('bert-sst2-a', async ({ classify }) => {
      const items = rows.map(([text], i) => ({ id: String(i), text: text! }));
      const found = await classify!.logProbabilities(items, { truncate: LENGTH });
      const chosen = found.map((row) => row.indexOf(Math.max(...row)));
      const right = chosen.filter((label, i) => classify!.labels[label] === rows[i]![1]).length;
      const same = chosen.filter((label, i) => label === predictions[i]).length;
      expect(Math.abs(right - accuracy * rows.length)).toBeLessThanOrEqual(1);
      expect(rows.length - same).toBeLessThanOrEqual(2);
    });
  });
});

describe.skipIf(!isThere)('causal models (skipped without ../shared)', () => {
  const names = [
    ...['llama-base-tiny', 'llama-captions', 'llama-news', 'llama-reviews', 'gpt2-tiny'],
  ];
  it.each(names)('%s gives the next-token distribution and text of the reference', async (name) => {
    const reference = referenceOf(name);
    await withModel(name, async ({ next }) => {
      const { tokenizer } = next!;
      expect([0, ...tokenizer.encode(reference.prompt, { specialTokens: false })]).toEqual(
        reference.input_ids,
      );
      const stream = await next!.start([reference.input_ids]);
      const wanted = logSoftmax(reference.last_logits);
      expect(worstError(stream.logProbabilities(), wanted, 1)).toBeLessThan(1);
      const ids: number[] = [...reference.input_ids];
      while (ids.length < reference.greedy_24.length) {
        const row = stream.logProbabilities();
        const best = row.indexOf(Math.max(...row));
        ids.push(best);
        await stream.advance([0], [best]);
      }
      expect(ids).toEqual(reference.greedy_24);
      expect(tokenizer.decode(ids, { specialTokens: true })).toBe(reference.greedy_text);
    });
  });

  /** [0] + the first 120 tokens + [0]; bits per UTF-8 byte and one more for the end. */
  it.each(['llama-captions', 'gpt2-tiny'])(
    '%s needs the bits per byte of the reference',
    async (name) => {
      const { bits_per_byte: wanted } = referenceOf(name);
      const lines = readFileSync(join(SHARED, 'data/multi30k/val.tsv'), 'utf8').trim().split('\n');
      const texts = lines.slice(1, 401).map((line) => line.split('\t')[1]!);
      await withModel(name, async ({ next }) => {
        const { tokenizer, continuationLogProbabilities } = next!;
        const rows = texts.map((text) => ({
          input: [0],
          continuation: [...tokenizer.encode(text, { specialTokens: false }).slice(0, 120), 0],
        }));
        const scores = await continuationLogProbabilities(rows);
        const nats = -scores.flatMap((row) => [...row]).reduce((sum, x) => sum + x, 0);
        const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
        expect(Math.abs(nats / Math.LN2 / bytes - wanted.captions)).toBeLessThan(1e-4);
      });
    },
  );
});

describe.skipIf(!isThere)('translation (skipped without ../shared)', () => {
  it('marian-de-en-a translates the test set as the reference does', async () => {
    const { hypotheses_beam4: wanted, bleu: wantedBleu } = referenceOf('marian-de-en-a');
    const lines = readFileSync(join(SHARED, 'data/multi30k/test2016.tsv'), 'utf8').trim();
    const pairs = lines
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t'));
    const sources = pairs.map(([source]) => source!);
    await withModel('marian-de-en-a', async ({ next }) => {
      const found: string[] = [];
      for (let start = 0; start < sources.length; start += 16) {
        const part = await generateText(next!, sources.slice(start, start + 16), {
          beams: 4,
          // Its max_length of 60 counts the start token.
          maxNewTokens: 59,
        });
        found.push(...part.map(({ hypotheses }) => hypotheses[0]!.text));
      }
      const same = found.filter((text, i) => text === wanted[i]).length;
      expect(same / wanted.length).toBeGreaterThanOrEqual(0.99);
      const items = found.map((hypothesis, i) => ({ hypothesis, references: [pairs[i]![1]!] }));
      expect(Math.abs(measure(bleu(), items) - wantedBleu)).toBeLessThan(0.1);
    });
  }, 180_000);
});
