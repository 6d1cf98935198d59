// Two language models write one text: before every token their distributions become one.
//
//   p(y_t | y_<t) = sum_i w_i p_i(y_t | y_<t),   and greedily  y_t = argmax p(y | y_<t)
//
// One model knows the house and one the garden; together they write what neither writes alone.

import { ensemble, generateText, openModel } from 'lmfuse';

// Bigram models in ARPA files, over one vocabulary; a checkpoint or a GGUF file opens alike.
const currentFolder = import.meta.dirname;
const house = await openModel('models/house.arpa', { currentFolder });
const garden = await openModel('models/garden.arpa', { currentFolder });
const fused = ensemble({
  ensemble: 'linear',
  members: [
    { model: house, name: 'house', weight: 0.5 },
    { model: garden, name: 'garden', weight: 0.5 },
  ],
});

for (const [name, model] of Object.entries({ house, garden, fused })) {
  const [{ hypotheses }] = await generateText(model.next, [''], { maxNewTokens: 8 });
  const [{ text, sumLogProb }] = hypotheses;
  console.log(`${name.padEnd(6)}  ${text.padEnd(15)}  p = ${Math.exp(sumLogProb).toFixed(4)}`);
}

console.log('\ntoken   fused   house   garden  each alone would write');
const { steps } = await fused.explain({ id: '1', text: '' });
for (const { token, logProbability, members } of steps) {
  const all = [logProbability, ...members.map((member) => member.logProbability)];
  const numbers = all.map((x) => Math.exp(x).toFixed(4)).join('  ');
  const favourites = members.map(({ favourite }) => favourite).join(', ');
  console.log(`${token.padEnd(6)}  ${numbers}  ${favourites}`);
}
await fused.close();
