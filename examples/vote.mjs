// A vote counts which label each model finds most probable; a mean counts how sure each of them is:
//
//   vote   argmax_y  sum_i w_i [y = argmax p_i]
//   mean   argmax_y  sum_i w_i p_i(y)
//
// Two models lean a little towards spam, the third is sure that it is none.

import { ensemble } from 'lmfuse';
import { constantClassifier } from './models/constant.mjs';

const members = [
  constantClassifier('first', { spam: 0.55, ham: 0.45 }),
  constantClassifier('second', { spam: 0.55, ham: 0.45 }),
  constantClassifier('third', { spam: 0.05, ham: 0.95 }),
].map((model) => ({ model }));

async function decide(kind) {
  const { label, probabilities } = await ensemble({ ensemble: kind, members }).explain({
    id: '1',
    text: 'any text',
  });
  const shares = Object.entries(probabilities).map(([name, p]) => `${name} ${p.toFixed(4)}`);
  return `${label.padEnd(4)} (${shares.join(', ')})`;
}

console.log(`vote: ${await decide('vote')}`);
console.log(`mean: ${await decide('linear')}`);
