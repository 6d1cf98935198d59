// Rows and the table: each model's accuracy, and what may be said of a merge and the best parent.
import pc from 'picocolors';
import { holmAdjusted } from '../dist/numeric/holm.js';
import { signFlipTest } from '../dist/numeric/signFlip.js';

const LEVEL = 0.05;

/** Adds to each merge its difference to the best parent, with a p-value adjusted for their number. */
export function compareToBestParent(parents, merges) {
  const best = parents.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  const adjusted = holmAdjusted(merges.map((merge) => pairedTest(merge, best)));
  const compared = merges.map((merge, i) => ({
    ...merge,
    difference: merge.accuracy - best.accuracy,
    p: adjusted[i],
    verdict: verdict(merge.accuracy - best.accuracy, adjusted[i]),
  }));
  return { best: best.name, merges: compared };
}

/** Both were asked the same passages, so their difference is taken document by document. */
function pairedTest(merge, parent) {
  const differences = merge.clusters.map((c, i) => c.successes - parent.clusters[i].successes);
  return signFlipTest(differences, { seed: 1 });
}

function verdict(difference, p) {
  if (p >= LEVEL) return "can't be told apart";
  return difference > 0 ? 'better' : 'worse';
}

export function printTable({ parents, merges, best, reference }) {
  const dim = (text) => console.log(pc.dim(text));
  dim('model          accuracy  95 % interval   against the best parent');
  dim('─'.repeat(78));
  for (const parent of parents) console.log(parentLine(parent, parent.name === best));
  dim('─'.repeat(78));
  for (const merge of [...merges].sort((a, b) => b.accuracy - a.accuracy)) {
    console.log(mergeLine(merge));
  }
  dim('─'.repeat(78));
  console.log(`${modelColumns(reference)}   for comparison: trained on all parts`);
}

function parentLine(parent, isBest) {
  const line = `${modelColumns(parent)}${isBest ? '   best parent' : ''}`;
  return isBest ? pc.bold(line) : line;
}

function mergeLine(merge) {
  const points = 100 * merge.difference;
  const signed = `${points < 0 ? '-' : '+'}${Math.abs(points).toFixed(1)}`.padStart(5);
  const words = `${merge.verdict}, p ${formatP(merge.p)}`;
  const colour = { better: pc.green, worse: pc.red }[merge.verdict] ?? ((text) => text);
  return `${modelColumns(merge)}   ${signed}  ${colour(words)}`;
}

function modelColumns({ name, accuracy, interval }) {
  const percent = (share) => (100 * share).toFixed(1);
  const range = `${percent(interval.low)} to ${percent(interval.high)}`;
  return `${name.padEnd(15)}${percent(accuracy).padStart(6)} %  ${range.padEnd(12)}`;
}

function formatP(p) {
  return p < 0.001 ? '< 0.001' : `= ${p.toFixed(p < 0.1 ? 3 : 2)}`;
}

/** Rows as plain data, for --json. */
export function jsonRows({ parents, merges, best, reference }) {
  const row = (kind, { name, accuracy, interval, difference, p, verdict }) => ({
    name,
    kind,
    accuracy,
    interval: [interval.low, interval.high],
    ...(kind === 'merge' ? { difference, p, verdict } : {}),
    ...(name === best ? { best: true } : {}),
  });
  return [
    ...parents.map((parent) => row('parent', parent)),
    ...merges.map((merge) => row('merge', merge)),
    row('reference', reference),
  ];
}
