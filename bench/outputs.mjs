// Fusing whole translations: what choosing costs, and what it brings on the data at hand.
//
//   node bench/outputs.mjs --models models/a,models/b --data test.tsv [--items 200] [--best 4] [--samples 16]
//
// The data has two columns, source and target. Prints each member's own best text, and minimum Bayes
// risk over all candidates by chrF and by BLEU: BLEU, chrF, milliseconds an item (median of five runs).
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { gatherCandidates } from '../dist/ensemble/outputs/gatherCandidates.js';
import { decideByMbr } from '../dist/ensemble/outputs/mbr.js';
import { openCheckpointModel } from '../dist/model/checkpointModel.js';
import { bleu } from '../dist/task/metrics/bleu.js';
import { chrf } from '../dist/task/metrics/chrf.js';
import { measure } from '../dist/task/metrics/statisticsTable.js';

const RUNS = 5;
const UTILITIES = [chrf(), bleu()];

const { values } = parseArgs({
  options: {
    models: { type: 'string' },
    data: { type: 'string' },
    items: { type: 'string', default: '200' },
    best: { type: 'string', default: '4' },
    samples: { type: 'string', default: '0' },
  },
});
const rows = readFileSync(values.data, 'utf8')
  .trim()
  .split('\n')
  .slice(1, Number(values.items) + 1);
const pairs = rows.map((row) => row.split('\t'));
const items = pairs.map(([text], i) => ({ id: String(i), text }));
const members = [];
for (const folder of values.models.split(',')) {
  members.push({ model: await openCheckpointModel(folder, basename(folder)) });
}
const settings = { best: Number(values.best), samples: Number(values.samples) };
const candidates = await gatherCandidates(members, items, settings);
for (const { model } of members) await model.close();

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

function print(name, texts, milliseconds) {
  const outputs = texts.map((hypothesis, i) => ({ hypothesis, references: [pairs[i][1]] }));
  const scores = [bleu(), chrf()].map((metric) => measure(metric, outputs).toFixed(2));
  console.log([name.padEnd(40), ...scores, milliseconds?.toFixed(2) ?? ''].join('  '));
}

console.log(['system'.padEnd(40), 'BLEU ', 'chrF ', 'ms/item'].join('  '));
for (const { model } of members) {
  const own = candidates.map((list) => list.find(({ member }) => member === model.name));
  print(
    model.name,
    own.map(({ text }) => text),
  );
}
for (const utility of UTILITIES) {
  for (const weighting of ['uniform', 'probability']) {
    const decide = () => candidates.map((list) => decideByMbr(list, { utility, weighting }).choice);
    const times = Array.from({ length: RUNS }, () => {
      const started = performance.now();
      decide();
      return (performance.now() - started) / items.length;
    });
    const texts = decide().map((choice, i) => candidates[i][choice].text);
    print(`mbr ${utility.name} ${weighting}`, texts, median(times));
  }
}
