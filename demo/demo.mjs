// npm run demo: trains four small text classifiers on real text, merges them with `lmfuse merge` by
// several methods, and measures parents and merges on documents that none of them has seen.
// Works without a network; see README.md beside this file.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pc from 'picocolors';
import { readTextClassifier, writeTextClassifier } from '../dist/train/textClassifierCheckpoint.js';
import { CORPUS_NOTICE, KINDS } from './corpus.mjs';
import {
  measure,
  passagesOf,
  readParts,
  trainBase,
  trainContinued,
  trainOnAll,
} from './experiment.mjs';
import { RECIPES } from './recipes.mjs';
import { compareToBestParent, jsonRows, printTable } from './report.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = fileURLToPath(new URL('out/', import.meta.url));

const { values: options } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const startedMs = performance.now();

/** With --json, only the JSON goes to standard output. */
function say(text = '') {
  if (options.json) process.stderr.write(`${text}\n`);
  else process.stdout.write(`${text}\n`);
}

function progress(text) {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  say(`${pc.dim(`${seconds.padStart(5)} s`)}  ${text}`);
}

function prepareFolders() {
  for (const folder of ['models', 'recipes', 'merged']) {
    rmSync(`${OUT}${folder}`, { recursive: true, force: true });
    mkdirSync(`${OUT}${folder}`, { recursive: true });
  }
}

function readData() {
  progress('reading the corpus and hashing n-grams');
  const documents = readParts();
  const parts = Object.fromEntries(
    Object.entries(documents).map(([name, part]) => [name, passagesOf(part)]),
  );
  progress(`${sizeOf('test', documents, parts)}: held out`);
  return { documents, parts };
}

function sizeOf(name, documents, parts) {
  return `${parts[name].length} passages of ${documents[name].length} documents`;
}

async function trainParents({ documents, parts }) {
  progress(`training base: one pass over ${sizeOf('base', documents, parts)}`);
  const base = trainBase(parts.base);
  const models = { base };
  for (const name of ['a', 'b', 'c']) {
    progress(`continuing from base: ${name}, on ${sizeOf(name, documents, parts)}`);
    models[name] = trainContinued(name, parts[name], base);
  }
  for (const [name, model] of Object.entries(models)) {
    await writeTextClassifier(`${OUT}models/${name}`, model);
  }
  return models;
}

function mergeAll() {
  for (const [name, text] of Object.entries(RECIPES)) {
    writeFileSync(`${OUT}recipes/${name}.yml`, text);
    progress(`lmfuse merge by ${name}: demo/out/recipes/${name}.yml`);
    merge(`demo/out/recipes/${name}.yml`, `demo/out/merged/${name}`);
  }
}

function merge(recipe, out) {
  const args = ['bin/lmfuse.js', 'merge', recipe, out, '--overwrite', '--quiet'];
  const { status, signal, error } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status === 0) return;
  throw new Error(`merging ${recipe} failed: ${error?.message ?? `exit ${status ?? signal}`}`);
}

async function measureAll(models, { parts }) {
  progress('measuring all of them on the test');
  const parents = Object.entries(models).map(([name, model]) => ({
    name,
    ...measure(model, parts.test),
  }));
  const merges = [];
  for (const name of Object.keys(RECIPES)) {
    const model = await readTextClassifier(`${OUT}merged/${name}`);
    merges.push({ name, ...measure(model, parts.test) });
  }
  const all = trainOnAll([...parts.base, ...parts.a, ...parts.b, ...parts.c]);
  const reference = { name: 'all in one run', ...measure(all, parts.test) };
  return { parents, reference, ...compareToBestParent(parents, merges) };
}

function printReport(results) {
  say();
  printTable(results);
  say();
  say(`Task: is a passage of 100 words ${KINDS.slice(0, -1).join(', ')} or ${KINDS.at(-1)}? The`);
  say("documents of the test were seen by no model. Intervals are Wilson's; p is of a");
  say('paired randomisation test, adjusted for the number of merges (Holm). Both take');
  say('into account that the passages of a document are alike. See demo/README.md.');
  say();
  for (const line of CORPUS_NOTICE) say(pc.dim(line));
  say();
  say(pc.bold('Next'));
  for (const [command, what] of NEXT) say(`  ${command}\n    ${pc.dim(what)}`);
}

const NEXT = [
  ['npx lmfuse diff demo/out/models/base demo/out/models/a', 'what training on a part changed'],
  [
    'npx lmfuse merge demo/out/recipes/ties.yml demo/out/mine --overwrite',
    'after editing a weight or a density in it (--dry-run shows the plan)',
  ],
  ['node demo/score.mjs demo/out/mine', 'how your merge does on the same test'],
];

say(pc.bold('lmfuse demo: four classifiers trained on real text, then merged'));
say();
prepareFolders();
const data = readData();
const models = await trainParents(data);
mergeAll();
const results = await measureAll(models, data);
progress('done');
if (options.json) console.log(JSON.stringify(jsonRows(results), null, 2));
else printReport(results);
