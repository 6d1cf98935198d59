// The weighted mean of what three models say (a linear pool, or mixture):
//
//   p(y | x) = sum_i w_i p_i(y | x),   the weights w_i summing to 1

import { ensemble } from 'lmfuse';
import { constantClassifier } from './models/constant.mjs';

const LABELS = ['sports', 'politics', 'science', 'arts'];
const MEMBERS = [
  { name: 'first', says: [0.1, 0.2, 0.3, 0.4], weight: 0.3 },
  { name: 'second', says: [0.2, 0.3, 0.1, 0.4], weight: 0.3 },
  { name: 'third', says: [0.3, 0.1, 0.2, 0.4], weight: 0.4 },
];

const fused = ensemble({
  ensemble: 'linear',
  members: MEMBERS.map(({ name, says, weight }) => ({
    model: constantClassifier(name, Object.fromEntries(LABELS.map((label, i) => [label, says[i]]))),
    weight,
  })),
});

// Probabilities are natural logarithms throughout lmfuse.
const [logProbabilities] = await fused.classify.logProbabilities([{ id: '1', text: 'any text' }]);

const line = (name, weight, values) =>
  [name.padEnd(8), weight, ...Array.from(values, (p) => p.toFixed(2).padStart(8))].join('  ');

console.log(`${''.padEnd(8)}  weight${LABELS.map((label) => label.padStart(10)).join('')}`);
for (const { name, says, weight } of MEMBERS) {
  console.log(line(name, weight.toFixed(1).padStart(6), says));
}
console.log(line('ensemble', ' '.repeat(6), logProbabilities.map(Math.exp)));
await fused.close();
