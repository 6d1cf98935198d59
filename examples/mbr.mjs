// Of the texts that several models wrote, the one that is most like all of them (minimum Bayes risk):
//
//   y* = argmax_y  sum_y' w(y') u(y, y'),   u the likeness of two texts, here chrF
//
// No probabilities are needed, so the writers can be any: models, endpoints, files of predictions.

import { ensemble } from 'lmfuse';
import { constantWriter } from './models/constant.mjs';

const TEXTS = {
  first: 'the cat sat on the mat',
  second: 'a dog stood by the door',
  third: 'the cat sits on the mat',
  fourth: 'the cat sat on a mat',
};

const fused = ensemble({
  ensemble: 'mbr',
  task: 'translation',
  utility: 'chrf',
  members: Object.entries(TEXTS).map(([name, text]) => ({ model: constantWriter(name, text) })),
});

const source = { id: '1', text: 'die Katze sass auf der Matte' };
const { candidates, text } = await fused.explain(source);
for (const { text, members, scores } of candidates) {
  console.log(`${members[0].padEnd(6)}  ${scores.score.toFixed(4)}  ${text}`);
}
console.log(`chosen: ${text}`);
await fused.close();
