// Does comparison keep its promises, and how long does it take? Two systems of the same accuracy are
// compared again and again on new items: p below 0.05 should come up in at most one of 20, and the 95 %
// interval should hold the true difference of 0 in 19. Then the time of comparing two translators.
//
//     npm run build && node bench/significance.mjs [--trials 2000] [--resamples 500]

import { parseArgs } from 'node:util';
import { accuracy } from '../dist/task/metrics/accuracy.js';
import { bleu } from '../dist/task/metrics/bleu.js';
import { statisticsTable } from '../dist/task/metrics/statisticsTable.js';
import { compareSystems } from '../dist/task/significance/compareSystems.js';
import { pairCounts } from '../dist/task/significance/correctness.js';
import { mcnemarTest } from '../dist/task/significance/mcnemar.js';
import { uniforms } from './noise.mjs';

const { values } = parseArgs({
  options: {
    trials: { type: 'string', default: '2000' },
    resamples: { type: 'string', default: '500' },
  },
});
const [trials, resamples] = [Number(values.trials), Number(values.resamples)];

/** Both right with the same probability; half of the items are shared luck. */
function twoEqualSystems(uniform, itemCount, rate) {
  const [first, second] = [[], []];
  for (let i = 0; i < itemCount; i++) {
    const shared = uniform() < 0.5;
    const draw = uniform();
    first.push(draw < rate ? 1 : 0);
    second.push((shared ? draw : uniform()) < rate ? 1 : 0);
  }
  return [first, second];
}

function tableOf(right) {
  return statisticsTable(
    accuracy,
    right.map((choice) => ({ classCount: 2, truth: 1, choice })),
  );
}

/** @returns {object} shares of trials */
function underTheNull(itemCount, rate) {
  const uniform = uniforms(itemCount);
  const found = { 'p < 0.05': 0, 'p < 0.5': 0, 'McNemar exact': 0, 'mid-p': 0, covered: 0 };
  for (let trial = 0; trial < trials; trial++) {
    const [first, second] = twoEqualSystems(uniform, itemCount, rate);
    const options = { seed: trial, resamples };
    const { p, interval } = compareSystems(accuracy, tableOf(first), tableOf(second), options);
    const { exact, midP } = mcnemarTest(pairCounts(first, second));
    found['p < 0.05'] += p < 0.05 ? 1 : 0;
    found['p < 0.5'] += p < 0.5 ? 1 : 0;
    found['McNemar exact'] += exact < 0.05 ? 1 : 0;
    found['mid-p'] += midP < 0.05 ? 1 : 0;
    found.covered += interval.low <= 0 && interval.high >= 0 ? 1 : 0;
  }
  return Object.fromEntries(Object.entries(found).map(([name, count]) => [name, count / trials]));
}

function translators(itemCount) {
  const uniform = uniforms(1);
  const sentence = () => Array.from({ length: 20 }, () => `w${Math.floor(uniform() ** 3 * 500)}`);
  const references = Array.from({ length: itemCount }, sentence);
  const metric = bleu();
  const system = (errors) =>
    statisticsTable(
      metric,
      references.map((words) => ({
        hypothesis: words.map((word) => (uniform() < errors ? 'x' : word)).join(' '),
        references: [words.join(' ')],
      })),
    );
  return { metric, first: system(0.3), second: system(0.31) };
}

console.log(`${trials} trials, ${resamples} resamples`);
console.table(
  Object.fromEntries(
    [
      [50, 0.8],
      [200, 0.8],
      [1000, 0.6],
    ].map(([itemCount, rate]) => [`${itemCount} items`, underTheNull(itemCount, rate)]),
  ),
);

const { metric, first, second } = translators(1000);
for (let round = 0; round < 3; round++) {
  const start = performance.now();
  const { difference, p } = compareSystems(metric, first, second, { resamples: 1000 });
  const time = (performance.now() - start).toFixed(0);
  console.log(
    `BLEU, 1000 items, 1000 resamples: ${time} ms (${difference.toFixed(2)}, p ${p.toFixed(3)})`,
  );
}
