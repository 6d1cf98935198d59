// `npm run bench`: time and memory of every merge method beside a floor measured in the same run.
//
//   npm run bench -- [--size 1.1B] [--methods linear,ties] [--modes sync,no-sync,warm] [--pairs 5]
//                    [--threads 2] [--scratch folder] [--json file]
//
// Merge and floor alternate, each in a process of its own; the median of the pairs' ratios, with
// their range, is the figure. See README.md.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { provideModelSet } from './modelSet.mjs';
import { RECIPES, recipeOf, writeRecipe } from './recipes.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const MIB = 2 ** 20;

function runChild(script, args) {
  const text = execFileSync(process.execPath, [join(HERE, script), ...args], { encoding: 'utf8' });
  return JSON.parse(text.trim().split('\n').at(-1));
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** One pair: the merge, then the floor, or the other way round. */
function measurePair({ set, recipe, method, threads, mode, scratch }, floorFirst) {
  const out = join(scratch, 'out');
  const flags = mode === 'sync' ? [] : [`--${mode}`];
  const common = ['--threads', String(threads), '--out', out, ...flags];
  const fresh = () => {
    if (mode !== 'warm') rmSync(out, { recursive: true, force: true });
  };
  const runs = {
    merge() {
      fresh();
      return runChild('mergeOnce.mjs', ['--recipe', recipe, ...common]);
    },
    floor() {
      fresh();
      return runChild('floor.mjs', ['--set', set, '--method', method, ...common]);
    },
  };
  const order = floorFirst ? ['floor', 'merge'] : ['merge', 'floor'];
  const results = Object.fromEntries(order.map((name) => [name, runs[name]()]));
  const seconds = results.merge.seconds;
  const floor = results.floor.seconds;
  return { seconds, floor, ratio: seconds / floor, peakBytes: results.merge.peakBytes };
}

function measure(job, pairs) {
  if (job.mode === 'warm') prepareWarm(job);
  const measured = Array.from({ length: pairs }, (_, i) => measurePair(job, i % 2 === 1));
  const ratios = measured.map(({ ratio }) => ratio);
  return {
    method: job.method,
    mode: job.mode,
    seconds: median(measured.map(({ seconds }) => seconds)),
    floor: median(measured.map(({ floor }) => floor)),
    ratio: median(ratios),
    range: [Math.min(...ratios), Math.max(...ratios)],
    peakBytes: Math.max(...measured.map(({ peakBytes }) => peakBytes)),
    target: recipeOf(job.method).target,
  };
}

/** An output of the right size, in the page cache. */
function prepareWarm({ recipe, threads, scratch }) {
  const out = join(scratch, 'out');
  rmSync(out, { recursive: true, force: true });
  const common = ['--threads', String(threads), '--out', out];
  runChild('mergeOnce.mjs', ['--recipe', recipe, ...common, '--no-sync']);
}

const TITLES = {
  sync: 'with fsync and rename (the target is for these ratios)',
  'no-sync': 'without sync, on both sides',
  warm: 'overwriting a warm file, on both sides',
};

function render(mode, rows) {
  const table = new Table({
    head: ['method', 'merge s', 'floor s', 'ratio', 'range', 'target', '', 'peak MiB'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'left', 'right'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const row of rows) {
    const judged = mode === 'sync';
    table.push([
      row.method,
      row.seconds.toFixed(2),
      row.floor.toFixed(2),
      row.ratio.toFixed(2),
      row.range.map((ratio) => ratio.toFixed(2)).join(' to '),
      judged ? row.target.toFixed(2) : '',
      judged ? (row.ratio <= row.target ? 'met' : 'MISSED') : '',
      (row.peakBytes / MIB).toFixed(0),
    ]);
  }
  return `${TITLES[mode]}\n${table.toString()}`;
}

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1.1B' },
    methods: { type: 'string', default: Object.keys(RECIPES).join(',') },
    modes: { type: 'string', default: 'sync,no-sync,warm' },
    pairs: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    scratch: { type: 'string', default: 'scratch/bench' },
    json: { type: 'string' },
  },
});
const scratch = resolve(values.scratch);
mkdirSync(scratch, { recursive: true });
const set = await provideModelSet(values.size, { scratch });
const rows = [];
for (const mode of values.modes.split(',')) {
  for (const method of values.methods.split(',')) {
    const recipe = writeRecipe(set.folder, method);
    const job = { set: set.folder, recipe, method, threads: Number(values.threads), mode };
    const row = measure({ ...job, scratch }, Number(values.pairs));
    rows.push(row);
    console.error(`${mode} ${method}: ${row.ratio.toFixed(2)}`);
  }
  console.log(`\n${set.parameters} parameters, ${values.threads} threads, ${values.pairs} pairs:`);
  console.log(render(mode, rows.filter((row) => row.mode === mode)));
}
if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`);
rmSync(join(scratch, 'out'), { recursive: true, force: true });
