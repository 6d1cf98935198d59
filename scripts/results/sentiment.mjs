// SST-2 by three classifiers of one ancestor: pools and votes, fitted on dev, scored on test.

import { ensemble } from '../../dist/ensemble/ensemble.js';
import { fitLabelWeights } from '../../dist/ensemble/fit/fitEnsemble.js';
import { accuracy } from '../../dist/task/metrics/accuracy.js';
import { logLoss } from '../../dist/task/metrics/logLoss.js';
import { records, TRAINED_LENGTH, withModels } from './data.mjs';
import { comparisonTable, sentenceOf } from './table.mjs';

const MODELS = ['bert-sst2-a', 'bert-sst2-b', 'bert-sst2-c'];
const REQUEST = { truncate: TRAINED_LENGTH };
const METRICS = [
  { metric: accuracy, title: 'accuracy, %', digits: 2, factor: 100 },
  { metric: logLoss(), title: 'log loss', digits: 4 },
];

export function sentiment() {
  return withModels(MODELS, async (models) => {
    const dev = await records('sst2/dev.tsv', ['text', 'label']);
    const test = await records('sst2/test.tsv', ['text', 'label']);
    const members = models.map((model) => ({
      ...{ model, name: model.name, weight: 1, temperature: 1 },
    }));
    const fitPool = (pool, settings = {}) =>
      fitLabelWeights(members, dev, { pool }, 'same', {
        ...REQUEST,
        folds: 5,
        seed: 0,
        ...settings,
      });
    const linear = await fitPool('linear');
    const logLinear = await fitPool('log_linear');
    const selection = await fitPool('linear', { method: 'selection', loss: 'error' });
    const weighted = (weights) => models.map((model, i) => ({ model, weight: weights[i] }));
    const equal = models.map(() => 1);
    const fusions = {
      'linear, equal': { ensemble: 'linear', members: weighted(equal) },
      'linear, fitted': { ensemble: 'linear', members: weighted(linear.weights) },
      'linear, selection': { ensemble: 'linear', members: weighted(selection.weights) },
      'log-linear, mean': { ensemble: 'log_linear', members: weighted(equal.map((x) => x / 3)) },
      'log-linear, fitted': {
        ...{ ensemble: 'log_linear', floor: 1e-12 },
        members: weighted(logLinear.weights),
      },
      'majority vote': { ensemble: 'vote', members: weighted(equal) },
    };
    const systems = [];
    for (const model of models) systems.push(await system(model.name, model.classify, test, true));
    for (const [name, definition] of Object.entries(fusions)) {
      systems.push(await system(name, ensemble(definition).classify, test, false));
    }
    const best = MODELS[linear.memberErrors.indexOf(Math.min(...linear.memberErrors))];
    const { markdown, verdicts } = comparisonTable(systems, METRICS, best);
    return [
      '## Sentiment: SST-2',
      `Three classifiers trained from one ancestor; ${test.length} test items. Weights were fitted on dev (${dev.length} items), where ${best} has the fewest errors. A vote is certain of what it says, so its log loss is that of a hard answer.`,
      markdown,
      `Weights fitted: linear ${shown(linear.weights)}, log-linear ${shown(logLinear.weights)}, selection ${shown(selection.weights)}.`,
      sentenceOf(verdicts, best, 'accuracy'),
    ].join('\n\n');
  });
}

function shown(weights) {
  return weights.map((weight) => weight.toFixed(3)).join(', ');
}

async function system(name, classify, test, isMember) {
  const rows = await classify.logProbabilities(test, REQUEST);
  const items = rows.map((row, i) => ({
    classCount: row.length,
    truth: classify.labels.indexOf(test[i].label),
    choice: row.indexOf(Math.max(...row)),
    probabilities: row.map(Math.exp),
  }));
  return { name, items, isMember };
}
