// Runs merges and floors in turn, each in a process of its own, and times the command itself.
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modelsReadBy, writeRecipe } from './recipes.mjs';

const fileBeside = (name) => fileURLToPath(new URL(name, import.meta.url));
const MERGE = fileBeside('./mergeOnce.mjs');
const FLOOR = fileBeside('./floor.mjs');
const COMMAND = fileBeside('../bin/lmfuse.js');

/**
 * `sync`: new files, on the disk in the end. `no-sync`: new files, left to the system.
 * `warm`: an existing file whose pages are in memory is overwritten, and not synced.
 * @typedef {'sync' | 'no-sync' | 'warm'} Mode
 *
 * @typedef {object} Pair
 * @property {number} mergeSeconds
 * @property {number} floorSeconds
 * @property {number} ratio
 * @property {number} peakBytes Of the merge.
 *
 * @typedef {object} Setting
 * @property {import('./modelSet.mjs').ModelSet} set
 * @property {number} threads
 * @property {string} scratch
 */

/**
 * @type {(setting: Setting, method: string, mode: Mode, pairs: number, onPair?: () => void)
 *   => Promise<Pair[]>}
 */
export async function measurePairs(setting, method, mode, pairs, onPair = () => {}) {
  const sides = sidesOf(setting, method, mode);
  warmInputs(setting.set, method);
  if (mode === 'warm') await sides.prepare();
  const results = [];
  for (let i = 0; i < pairs; i++) {
    // Each goes first as often as the other, so that a drift of the machine favours neither.
    const mergeFirst = i % 2 === 0;
    const early = mergeFirst ? undefined : await sides.floor();
    const merged = await sides.merge();
    const floor = early ?? (await sides.floor());
    results.push({
      mergeSeconds: merged.seconds,
      floorSeconds: floor.seconds,
      ratio: merged.seconds / floor.seconds,
      peakBytes: merged.peakBytes,
    });
    onPair();
  }
  removeOutputs(setting.scratch);
  return results;
}

function sidesOf({ set, threads, scratch }, method, mode) {
  const out = join(scratch, 'out-warm');
  const fresh = join(scratch, 'out-new');
  const recipe = writeRecipe(set.folder, method);
  const flags = mode === 'sync' ? [] : [`--${mode}`];
  const target = mode === 'warm' ? out : fresh;
  const common = ['--threads', String(threads), '--out', target, ...flags];
  const run = async (script, args) => {
    if (mode !== 'warm') removeOutputs(scratch);
    settle(scratch);
    return runJson(script, [...args, ...common]);
  };
  return {
    merge: () => run(MERGE, ['--recipe', recipe]),
    floor: () => run(FLOOR, ['--set', set.folder, '--method', method]),
    prepare() {
      removeOutputs(scratch);
      return runJson(MERGE, ['--recipe', recipe, '--threads', String(threads), '--out', out]);
    },
  };
}

/** Every folder that a run, or one that was broken off, may have left. */
export function removeOutputs(scratch) {
  for (const name of readdirSync(scratch)) {
    if (name.startsWith('out-')) rmSync(join(scratch, name), { recursive: true, force: true });
  }
}

/** Brings to the disk what earlier runs have written, so that nobody pays for another's bytes. */
function settle(folder) {
  const { status } = spawnSync('sync', ['-f', folder]);
  if (status !== 0) throw new Error('sync(1) failed');
}

/** Reads the inputs once, so that they are in memory, if there is enough of it. */
function warmInputs(set, method) {
  const block = new Uint8Array(1 << 22);
  for (const model of modelsReadBy(method)) {
    const path = join(set.folder, model, 'model.safetensors');
    const descriptor = openSync(path, 'r');
    const { size } = statSync(path);
    for (let at = 0; at < size; at += block.length)
      readSync(descriptor, block, 0, block.length, at);
    closeSync(descriptor);
  }
}

/**
 * Runs a script of the bench that prints a line of JSON.
 * @type {(script: string, args: string[]) => Promise<any>}
 */
async function runJson(script, args) {
  const { child, ended } = start([script, ...args]);
  let text = '';
  child.stdout.on('data', (data) => {
    text += data;
  });
  const { code } = await ended;
  if (code !== 0) throw new Error(`node ${script} ${args.join(' ')}: exit code ${code}`);
  return JSON.parse(text);
}

function start(args, options = {}) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  return { child, ended };
}

/** Bytes written by this much are weights: headers and messages are smaller. */
const FIRST_WEIGHTS_BYTES = 1 << 17;
const POLL_MS = 1;

/**
 * @typedef {object} Watched
 * @property {number | null} code
 * @property {string | null} signal
 * @property {string} stdout
 *
 * @typedef {(bytes: number, child: import('node:child_process').ChildProcess) => void} OnWritten
 */

/**
 * A merge by mergeOnce.mjs, watched.
 * @type {(method: string, setting: Setting, out: string, onWritten: OnWritten) => Promise<Watched>}
 */
export function watchMerge(method, { set, threads }, out, onWritten) {
  const recipe = writeRecipe(set.folder, method);
  return watch(
    [MERGE, '--recipe', recipe, '--threads', String(threads), '--out', out],
    {},
    onWritten,
  );
}

/**
 * Starts a process and calls `onWritten` about every millisecond with the bytes that it has written
 * so far.
 * @type {(args: string[], options: object, onWritten: OnWritten) => Promise<Watched>}
 */
async function watch(args, options, onWritten) {
  const { child, ended } = start(args, options);
  let stdout = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  const timer = setInterval(() => {
    const written = writtenBytes(child.pid);
    if (written !== undefined) onWritten(written, child);
  }, POLL_MS);
  const outcome = await ended;
  clearInterval(timer);
  return { ...outcome, stdout };
}

/** What a process has handed to write calls; undefined once it has ended. */
function writtenBytes(pid) {
  try {
    return Number(readFileSync(`/proc/${pid}/io`, 'utf8').match(/^wchar: (\d+)$/m)[1]);
  } catch {
    return undefined;
  }
}

/**
 * Seconds from the start of `lmfuse merge` to the first weights written.
 * @type {(setting: Setting, method: string) => Promise<number>}
 */
export async function measureFirstByte(setting, method) {
  warmInputs(setting.set, method);
  removeOutputs(setting.scratch);
  settle(setting.scratch);
  const { set, threads, scratch } = setting;
  const out = join(scratch, 'out-new');
  const recipe = writeRecipe(set.folder, method);
  const args = [COMMAND, 'merge', recipe, out, '--threads', String(threads), '--quiet'];
  const started = performance.now();
  let seconds;
  const { code } = await watch(args, { cwd: set.folder }, (bytes) => {
    if (bytes >= FIRST_WEIGHTS_BYTES) seconds ??= (performance.now() - started) / 1000;
  });
  if (code !== 0) throw new Error(`lmfuse merge of ${recipe}: exit code ${code}`);
  removeOutputs(setting.scratch);
  if (seconds === undefined) throw new Error(`${method}: no bytes were seen to be written`);
  return seconds;
}

/**
 * Seconds that `lmfuse merge --dry-run` takes, from the start of the process to its end, and what
 * it said if it ended with an error.
 * @type {(setting: Setting, method: string) => Promise<{ seconds: number, error?: string }>}
 */
export async function measureDryRun({ set, scratch }, method) {
  const recipe = writeRecipe(set.folder, method);
  const started = performance.now();
  const { status, stderr } = spawnSync(
    process.execPath,
    [COMMAND, 'merge', recipe, join(scratch, 'out-new'), '--dry-run', '--quiet'],
    { cwd: set.folder, encoding: 'utf8' },
  );
  const seconds = (performance.now() - started) / 1000;
  return status === 0 ? { seconds } : { seconds, error: stderr.trim() };
}
