// Multi30k German to English by two translators of one vocabulary, beam 4.

import { ensemble } from '../../dist/ensemble/ensemble.js';
import { fitTokenWeights } from '../../dist/ensemble/fit/fitEnsemble.js';
import { generateText } from '../../dist/model/generate/generateText.js';
import { bleu } from '../../dist/task/metrics/bleu.js';
import { chrf } from '../../dist/task/metrics/chrf.js';
import { measure } from '../../dist/task/metrics/statisticsTable.js';
import { records, withModels } from './data.mjs';
import { comparisonTable, sentenceOf } from './table.mjs';

const MODELS = ['marian-de-en-a', 'marian-de-en-b'];
const FIT_ITEMS = 200;
const BATCH = 16;
const METRICS = [
  { metric: bleu(), title: 'BLEU', digits: 2 },
  { metric: chrf(), title: 'chrF', digits: 2 },
];

export function translation() {
  return withModels(MODELS, async (models) => {
    const val = await records('multi30k/val.tsv', ['source', 'target'], FIT_ITEMS);
    const test = await records('multi30k/test2016.tsv', ['source', 'target']);
    const members = models.map((model) => ({
      ...{ model, name: model.name, weight: 1, temperature: 1 },
    }));
    const fitted = await fitTokenWeights(members, val, { pool: 'linear' }, { folds: 5, seed: 0 });
    const weighted = (weights) => models.map((model, i) => ({ model, weight: weights[i] }));
    const fusions = {
      'linear, equal': { ensemble: 'linear', members: weighted([1, 1]) },
      'linear, fitted': { ensemble: 'linear', members: weighted(fitted.weights) },
      'log-linear': { ensemble: 'log_linear', members: weighted([0.5, 0.5]) },
      agreement: { ensemble: 'agreement', members: weighted([1, 1]) },
      'MBR, chrF': { ensemble: 'mbr', members: weighted([1, 1]), utility: 'chrf' },
      'MBR, BLEU': { ensemble: 'mbr', members: weighted([1, 1]), utility: 'bleu' },
    };
    const systems = [];
    const onVal = [];
    for (const model of models) {
      systems.push(await system(model.name, model, test, true));
      onVal.push(measure(bleu(), (await system(model.name, model, val, true)).items));
    }
    for (const [name, definition] of Object.entries(fusions)) {
      process.stderr.write(`translation: ${name}\n`);
      systems.push(
        await system(name, ensemble({ ...definition, task: 'translation' }), test, false),
      );
    }
    const best = MODELS[onVal.indexOf(Math.max(...onVal))];
    const { markdown, verdicts } = comparisonTable(systems, METRICS, best);
    return [
      '## Translation: Multi30k, German to English',
      `Two independent runs with one vocabulary, beams of 4, ${test.length} test items. Weights were fitted to ${fitted.itemCount} tokens of ${val.length} validation items (${fitted.weights.map((w) => w.toFixed(3)).join(', ')}), where ${best} has the higher BLEU. MBR chooses among the four best of each.`,
      markdown,
      sentenceOf(verdicts, best, 'BLEU'),
    ].join('\n\n');
  });
}

async function system(name, { next, write }, items, isMember) {
  const texts = [];
  for (let start = 0; start < items.length; start += BATCH) {
    const part = items.slice(start, start + BATCH);
    texts.push(...(next ? await searched(next, part) : await written(write, part)));
  }
  return {
    name,
    isMember,
    items: texts.map((text, i) => ({ hypothesis: text, references: [items[i].target] })),
  };
}

async function searched(next, part) {
  const found = await generateText(
    next,
    part.map(({ source }) => source),
    { beams: 4 },
  );
  return found.map(({ hypotheses }) => hypotheses[0].text);
}

async function written(write, part) {
  const found = await write.texts(part.map(({ id, source }) => ({ id, text: source })));
  return found.map(({ text }) => text);
}
