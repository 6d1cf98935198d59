// Weights that follow the text: a model counts by how well it foresaw what has been read so far.
//
//   p(y | h) = sum_i w_i(h) p_i(y | h),   w_i(h) = w_i p_i(h) / sum_j w_j p_j(h)
//
// Over a whole text that is the mixture of texts,  p(text) = sum_i w_i p_i(text).

import { ensemble, openModel } from 'lmfuse';

const TEXT = 'the dog barks';

const currentFolder = import.meta.dirname;
const house = await openModel('models/house.arpa', { currentFolder });
const garden = await openModel('models/garden.arpa', { currentFolder });
const members = [house, garden].map((model) => ({ model, weight: 0.5 }));
const models = {
  house,
  garden,
  linear: ensemble({ ensemble: 'linear', members }),
  bayes: ensemble({ ensemble: 'bayes', members }),
};

const { tokenizer, endTokens, beginning } = house.next;
const continuation = [...tokenizer.encode(TEXT, { specialTokens: false }), endTokens[0]];
const rows = [{ input: [beginning], continuation }];
const said = {};
for (const [name, { next }] of Object.entries(models)) {
  const [logProbabilities] = await next.continuationLogProbabilities(rows);
  said[name] = Array.from(logProbabilities, Math.exp);
}

const product = (numbers) => numbers.reduce((all, p) => all * p, 1);
const show = (word, numbers) =>
  console.log([word.padEnd(8), ...numbers.map((p) => p.toFixed(4).padStart(6))].join('  '));

console.log('           house  garden  linear   bayes  weight of garden');
continuation.forEach((token, t) => {
  const before = (name) => product(said[name].slice(0, t));
  const weight = before('garden') / (before('house') + before('garden'));
  const here = Object.values(said).map((numbers) => numbers[t]);
  show(tokenizer.decode([token], { specialTokens: true }), [...here, weight]);
});
show('the text', Object.values(said).map(product));
for (const model of [house, garden]) await model.close();
