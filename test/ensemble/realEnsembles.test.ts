/** Ensembles of trained models, against values computed elsewhere; needs ../shared. */

import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type EnsembleDefinition, ensemble } from '../../src/ensemble/ensemble.ts';
import type { BytesExplanation } from '../../src/ensemble/explanation.ts';
import { openCheckpointModel } from '../../src/model/checkpointModel.ts';
import { generateText } from '../../src/model/generate/generateText.ts';
import type { LanguageModel } from '../../src/model/languageModel.ts';
import { readRecords } from '../../src/task/data/readRecords.ts';

const SHARED = join(import.meta.dirname, '../../../shared');
const isThere = existsSync(join(SHARED, 'models'));

async function withModels(
  names: readonly string[],
  use: (models: readonly LanguageModel[]) => Promise<void>,
): Promise<void> {
  const models = await Promise.all(
    names.map((name) => openCheckpointModel(join(SHARED, 'models', name), name)),
  );
  try {
    await use(models);
  } finally {
    await Promise.all(models.map((model) => model.close()));
  }
}

const membersOf = (models: readonly LanguageModel[], weights: readonly number[]) =>
  models.map((model, i) => ({ model, weight: weights[i]! }));

function records(file: string) {
  return { name: file, bytes: createReadStream(join(SHARED, 'data', file)) };
}

describe.skipIf(!isThere)('SST-2 by three classifiers (skipped without ../shared)', () => {
  it('equals the pools of the reference', async () => {
    const path = join(SHARED, 'models/reference-sst2-fusions.json');
    const { results } = JSON.parse(readFileSync(path, 'utf8'));
    const test = await readRecords(records('sst2/test.tsv'), { required: ['text', 'label'] });
    await withModels(['bert-sst2-a', 'bert-sst2-b', 'bert-sst2-c'], async (models) => {
      const measured = async (definition: EnsembleDefinition) => {
        const { classify } = ensemble(definition);
        const rows = await classify!.logProbabilities(test, { truncate: 48 });
        const truths = test.map(({ label }) => classify!.labels.indexOf(label));
        const right = rows.filter((row, i) => row.indexOf(Math.max(...row)) === truths[i]).length;
        const loss = -rows.reduce((sum, row, i) => sum + row[truths[i]!]!, 0) / rows.length;
        return { right, loss };
      };
      const third = [1 / 3, 1 / 3, 1 / 3];
      const members = membersOf(models, third);
      for (const kind of ['linear', 'log_linear']) {
        const wanted = results[`${kind}_pool_uniform`];
        const found = await measured({ ensemble: kind, members });
        expect(Math.abs(found.right - wanted.accuracy * test.length)).toBeLessThanOrEqual(1);
        expect(found.loss).toBeCloseTo(wanted.log_loss, 4);
      }
    });
  }, 60_000);
});

describe.skipIf(!isThere)('translators (skipped without ../shared)', () => {
  const sources = ['Ein Mann schläft auf einer Bank .', 'Zwei Hunde spielen im Schnee .'];

  it('two copies of one translate as the one, by distributions and by agreement', async () => {
    await withModels(['marian-de-en-a', 'marian-de-en-a'], async ([model, copy]) => {
      const members = membersOf([model!, { ...copy!, name: 'copy' }], [0.5, 0.5]);
      const alone = await generateText(model!.next!, sources, { beams: 4 });
      const wanted = alone.map(({ hypotheses }) => hypotheses[0]!.text);
      for (const kind of ['linear', 'log_linear']) {
        const { next } = ensemble({ ensemble: kind, members });
        const found = await generateText(next!, sources, { beams: 4 });
        expect(found.map(({ hypotheses }) => hypotheses[0]!.text)).toEqual(wanted);
      }
      const items = sources.map((text, i) => ({ id: String(i), text }));
      for (const kind of ['agreement', 'mbr']) {
        const { write } = ensemble({ ensemble: kind, members, task: 'translation' });
        const found = await write!.texts(items);
        if (kind === 'agreement') expect(found.map(({ text }) => text)).toEqual(wanted);
        else expect(found).toHaveLength(items.length);
      }
    });
  }, 60_000);
});

describe.skipIf(!isThere)('models of different tokenizers (skipped without ../shared)', () => {
  const text = 'A man in a blue shirt is standing on a ladder cleaning a window.';

  it('write and score by bytes', async () => {
    await withModels(['llama-captions', 'gpt2-tiny'], async (models) => {
      const members = membersOf(models, [1, 1]);
      const fused = ensemble({
        ensemble: 'byte_level',
        members,
        generation: { max_new_tokens: 20 },
      });
      const [found] = await generateText(fused.next!, ['A man in a blue'], {});
      expect(found!.hypotheses[0]!.text).toMatch(/^ [a-z ]+/);
      const [score] = await fused.score!.scores([{ id: '0', text }]);
      expect(score!.tokenCount).toBe(text.length);
      const explained = (await fused.explain!({ id: '0', text })) as BytesExplanation;
      const bits = -score!.logProbability / Math.LN2 / text.length;
      expect(explained.bitsPerByte).toBeCloseTo(bits, 10);
      for (const { bitsPerByte } of explained.members) {
        expect(bitsPerByte.least).toBeLessThanOrEqual(bitsPerByte.most);
      }
    });
  }, 60_000);

  it('write piece by piece from their most probable tokens, marked as approximate', async () => {
    await withModels(['llama-captions', 'gpt2-tiny'], async (models) => {
      const members = membersOf(models, [1, 1]);
      const { respond } = ensemble({ ensemble: 'union_topk', members, max_tokens: 5 });
      const response = await respond!.respond({ prompt: 'A man in a blue' });
      expect(response).toMatchObject({ approximate: true });
      expect(response.text).not.toBe('');
    });
  }, 60_000);
});
