// Two causal models with different tokenizers, fused by bytes: bits per byte of captions.

import { ensemble } from '../../dist/ensemble/ensemble.js';
import { fitTokenWeights } from '../../dist/ensemble/fit/fitEnsemble.js';
import { byteLevel } from '../../dist/ensemble/kind/byteLevel.js';
import { bitsPerByte } from '../../dist/task/metrics/bitsPerByte.js';
import { records, withModels } from './data.mjs';
import { comparisonTable, sentenceOf } from './table.mjs';

const MODELS = ['llama-captions', 'gpt2-tiny'];
const FIT_ITEMS = 60;
const TEST_ITEMS = 300;
const METRICS = [{ metric: bitsPerByte, title: 'bits per byte', digits: 4 }];

export function bytes() {
  return withModels(MODELS, async (models) => {
    const text = ({ id, target }) => ({ id, text: target });
    const val = await records('multi30k/val.tsv', ['target'], FIT_ITEMS);
    const test = (await records('multi30k/test2016.tsv', ['target'], TEST_ITEMS)).map(text);
    const members = models.map((model) => ({
      ...{ model, name: model.name, weight: 1, temperature: 1 },
    }));
    const examples = val.map(({ id, target }) => ({ id, target }));
    const fitted = await fitTokenWeights(members, examples, byteLevel.fit({}), {
      ...{ folds: 5, seed: 0 },
    });
    const of = (chosen, weights, rest = {}) =>
      ensemble({
        ...{ ensemble: 'byte_level', ...rest },
        members: chosen.map((model, i) => ({ model, weight: weights[i] })),
      });
    const all = [
      ['llama-captions', of([models[0]], [1]), true],
      ['gpt2-tiny', of([models[1]], [1]), true],
      ['linear, equal', of(models, [1, 1]), false],
      ['linear, fitted', of(models, fitted.weights), false],
      ['log-linear, mean', of(models, [0.5, 0.5], { pool: 'log_linear' }), false],
      ['bayes', of(models, [1, 1], { pool: 'bayes' }), false],
    ];
    const systems = [];
    for (const [name, { score }, isMember] of all) {
      process.stderr.write(`bytes: ${name}\n`);
      systems.push(await system(name, score, test, isMember));
    }
    const { markdown, verdicts } = comparisonTable(systems, METRICS, 'llama-captions');
    const canonical = await canonicalBits(models, test);
    return [
      '## Different tokenizers: captions, by bytes',
      `llama-captions (byte-level BPE of 4,000) and gpt2-tiny (BPE of 6,000), ${test.length} English captions of test2016, width 4. Weights were fitted to the bytes of ${val.length} validation captions (${fitted.weights.map((w) => w.toFixed(3)).join(', ')}). By their own tokens the members need ${canonical.map((bits) => bits.toFixed(4)).join(' and ')} bits per byte; over all tokenizations, without pruning, it could only be less.`,
      markdown,
      sentenceOf(verdicts, 'llama-captions', 'bits per byte'),
    ].join('\n\n');
  });
}

const bytesOf = ({ text }) => new TextEncoder().encode(text).length;

async function system(name, score, test, isMember) {
  const scores = await score.scores(test);
  const items = scores.map((each, i) => ({ ...each, byteCount: bytesOf(test[i]) }));
  return { name, items, isMember };
}

async function canonicalBits(models, test) {
  const found = [];
  for (const { score } of models) {
    const scores = await score.scores(test);
    const nats = scores.reduce((sum, { logProbability }) => sum - logProbability, 0);
    found.push(nats / Math.LN2 / test.reduce((sum, item) => sum + bytesOf(item), 0));
  }
  return found;
}
