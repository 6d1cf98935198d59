// npm run bench: times every merge method beside its floor. README.md beside this file says what each
// number means and how to run parts of it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { figuresOf, inMebibytes, inSeconds, median, verdict } from './figures.mjs';
import { measureDryRun, measureFirstByte, measurePairs } from './measure.mjs';
import { provideHeaderSet, provideModelSet, SCRATCH } from './modelSet.mjs';
import { ONE_OF_EACH_SHAPE, RECIPES, recipeOf } from './recipes.mjs';

const PEAK_LIMIT_BYTES = 300 * 2 ** 20;
const FIRST_BYTE_LIMIT_SECONDS = 0.5;
const DRY_RUN_LIMIT_SECONDS = 2;
const HEADER_SIZE = '70B';

const MODES = {
  sync: 'New files, on the disk in the end (the first ratio of the targets)',
  'no-sync': 'New files, --no-sync on both sides',
  warm: 'Overwriting a warm file of the same size on both sides, not synced',
};
const TABLES = [...Object.keys(MODES), 'start'];

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1.1B' },
    methods: { type: 'string', default: Object.keys(RECIPES).join(',') },
    pairs: { type: 'string', default: '5' },
    threads: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    scratch: { type: 'string', default: SCRATCH },
    tables: { type: 'string', default: TABLES.join(',') },
    json: { type: 'string' },
  },
});

const methods = values.methods.split(',');
for (const method of methods) recipeOf(method);
const tables = values.tables.split(',');
const unknown = tables.find((table) => !TABLES.includes(table));
if (unknown) throw new Error(`unknown table "${unknown}"; known: ${TABLES.join(', ')}`);
const pairs = Number(values.pairs);
const scratch = resolve(values.scratch);

/** Progress goes to standard error, so that the tables can be kept. */
function say(text) {
  process.stderr.write(`${text}\n`);
}

async function measureMode(setting, mode) {
  const rows = [];
  for (const method of methods) {
    const results = await measurePairs(setting, method, mode, pairs);
    const figures = figuresOf(method, recipeOf(method).target, results);
    say(`${mode} ${method}: ${figures.ratio.toFixed(2)} times the floor`);
    rows.push(figures);
  }
  return rows;
}

/** The targets are those of the first ratio; the other tables have none of their own. */
function printMode(mode, rows) {
  const judged = mode === 'sync';
  const head = ['method', 'time', 'floor', 'ratio', 'range', 'peak memory'];
  const table = new Table({
    head: judged ? [...head, 'at most', ''] : head,
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    const [low, high] = row.ratioRange;
    const cells = [
      row.method,
      inSeconds(row.mergeSeconds),
      inSeconds(row.floorSeconds),
      row.ratio.toFixed(2),
      `${low.toFixed(2)} to ${high.toFixed(2)}`,
      inMebibytes(row.peakBytes),
    ];
    const isGood = row.ratio <= row.target && row.peakBytes <= PEAK_LIMIT_BYTES;
    table.push(judged ? [...cells, row.target.toFixed(2), verdict(isGood)] : cells);
  }
  console.log(`\n${MODES[mode]}: medians of ${pairs} pairs\n${table}`);
}

async function measureStart(setting) {
  const rows = [];
  for (const method of ONE_OF_EACH_SHAPE) {
    const all = [];
    for (let i = 0; i < pairs; i++) all.push(await measureFirstByte(setting, method));
    rows.push({
      what: `start to first byte, ${method}`,
      seconds: median(all),
      limit: FIRST_BYTE_LIMIT_SECONDS,
    });
  }
  const headers = { ...setting, set: provideHeaderSet(HEADER_SIZE, { scratch }) };
  for (const method of ONE_OF_EACH_SHAPE) {
    const all = [];
    for (let i = 0; i < pairs; i++) all.push(await measureDryRun(headers, method));
    rows.push({
      what: `--dry-run of ${HEADER_SIZE}, ${method}`,
      seconds: median(all.map(({ seconds }) => seconds)),
      limit: DRY_RUN_LIMIT_SECONDS,
      error: all.find(({ error }) => error)?.error,
    });
  }
  return rows;
}

function printStart(rows) {
  const table = new Table({ head: ['', 'time', 'under', ''], style: { head: [], border: [] } });
  for (const { what, seconds, limit, error } of rows) {
    const result = error ? 'ERROR' : verdict(seconds < limit);
    table.push([what, inSeconds(seconds), `${limit} s`, result]);
  }
  console.log(`\nFrom the start of the process: medians of ${pairs} runs\n${table}`);
  const errors = new Set(rows.flatMap(({ error }) => error ?? []));
  for (const error of errors) console.log(error);
}

mkdirSync(scratch, { recursive: true });
say(`making the models of ${values.size}, or finding them in ${scratch}`);
const set = await provideModelSet(values.size, { scratch });
const setting = { set, threads: Number(values.threads), scratch };
const results = {
  size: values.size,
  parameters: set.parameters,
  threads: setting.threads,
  pairs,
  node: process.version,
  processor: cpus()[0]?.model,
  modes: {},
};
console.log(
  `${set.parameters} parameters, ${(set.fileBytes / 1e9).toFixed(2)} GB a model in bfloat16; ` +
    `${setting.threads} threads; Node ${process.version}; ${results.processor}`,
);
for (const mode of Object.keys(MODES).filter((name) => tables.includes(name))) {
  results.modes[mode] = await measureMode(setting, mode);
  printMode(mode, results.modes[mode]);
}
if (tables.includes('start')) {
  results.start = await measureStart(setting);
  printStart(results.start);
}
if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
