// Two models that split text differently cannot be averaged token by token, but every text is bytes:
// each says how probable the next byte is, over all of its ways to write the text so far.
//
//   p(b | x) = sum_i w_i p_i(x b) / p_i(x),   p_i(x) the probability that a text begins with x
//
// The first model has a token for "ab" besides "a" and "b", the second has not.

import { ensemble } from 'lmfuse';
import { unigramModel } from './models/unigram.mjs';

const MODELS = {
  pairs: unigramModel('pairs', { a: 0.3, b: 0.1, ab: 0.5, '</s>': 0.1 }),
  letters: unigramModel('letters', { a: 0.6, b: 0.3, '</s>': 0.1 }),
};

/** Of each byte of "ab" and of the end. least_share 0: no way to write the text is left out. */
async function nextBytes(members) {
  const { next } = ensemble({ ensemble: 'byte_level', members, width: 64, least_share: 0 });
  const continuation = [...next.tokenizer.encode('ab'), next.endTokens[0]];
  const [found] = await next.continuationLogProbabilities([{ input: [], continuation }]);
  return Array.from(found, Math.exp);
}

const show = (name, numbers) =>
  console.log([name.padEnd(7), ...numbers.map((p) => p.toFixed(5).padStart(9))].join('  '));

console.log('           p(a)   p(b | a)  p(end | ab)');
for (const [name, model] of Object.entries(MODELS)) show(name, await nextBytes([{ model }]));
const members = Object.values(MODELS).map((model) => ({ model, weight: 0.5 }));
show('fused', await nextBytes(members));
