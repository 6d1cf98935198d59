// Kills merges (kill -9) at random moments while weights are being written, runs the same command to
// its end, and compares every byte of the output with that of an undisturbed run. Prints a table and
// exits with 1 if anything differs.
//
//   npm run build && node bench/kill.mjs [--size 300M] [--kills 20] [--methods linear,ties]
//     [--seed 1] [--threads 2] [--scratch folder]
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { inSeconds } from './figures.mjs';
import { removeOutputs, watchMerge } from './measure.mjs';
import { provideModelSet, SCRATCH } from './modelSet.mjs';
import { uniforms } from './noise.mjs';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '300M' },
    kills: { type: 'string', default: '20' },
    methods: { type: 'string', default: 'linear,ties,dare_ties' },
    seed: { type: 'string', default: '1' },
    threads: { type: 'string', default: String(Math.min(2, availableParallelism())) },
    scratch: { type: 'string', default: SCRATCH },
  },
});

/**
 * Relative path to SHA-256, of every file in the folder.
 * @type {(folder: string) => Map<string, string>}
 */
function hashFolder(folder) {
  const block = new Uint8Array(1 << 22);
  const paths = readdirSync(folder, { recursive: true }).sort();
  const files = paths.filter((path) => statSync(join(folder, path)).isFile());
  return new Map(
    files.map((path) => {
      const hash = createHash('sha256');
      const descriptor = openSync(join(folder, path), 'r');
      for (;;) {
        const count = readSync(descriptor, block, 0, block.length, null);
        if (count === 0) break;
        hash.update(block.subarray(0, count));
      }
      closeSync(descriptor);
      return [path, hash.digest('hex')];
    }),
  );
}

/** Names of files that are in one folder alone or differ. */
function differences(expected, found) {
  const names = new Set([...expected.keys(), ...found.keys()]);
  return [...names].filter((name) => expected.get(name) !== found.get(name));
}

/** A merge to its end; says whether it went on from remains. */
async function complete(setting, method, out) {
  const { code, stdout } = await watchMerge(method, setting, out, () => {});
  if (code !== 0) throw new Error(`${method}: the merge ended with exit code ${code}`);
  return JSON.parse(stdout);
}

/** Kills the merge once it has written so many bytes; returns how many it had. */
async function killAt(setting, method, out, bytes) {
  let writtenBytes = 0;
  const { signal } = await watchMerge(method, setting, out, (written, child) => {
    if (writtenBytes > 0 || written < bytes) return;
    writtenBytes = written;
    child.kill('SIGKILL');
  });
  return signal === 'SIGKILL' ? writtenBytes : undefined;
}

async function undisturbed(setting, method, out) {
  removeOutputs(setting.scratch);
  const { seconds, resumed } = await complete(setting, method, out);
  if (resumed) throw new Error(`${method}: the first run went on from remains`);
  console.error(`${method}: undisturbed in ${inSeconds(seconds)}`);
  return hashFolder(out);
}

async function killAndResume(setting, method, out, share, expected) {
  removeOutputs(setting.scratch);
  const writtenBytes = await killAt(setting, method, out, share * setting.set.fileBytes);
  if (writtenBytes === undefined) return { method, share, problem: 'ended before the kill' };
  const early = existsSync(out);
  const { resumed } = await complete(setting, method, out);
  const different = differences(expected, hashFolder(out));
  const problem = early
    ? 'the output was there after the kill'
    : different.map((name) => `${name} differs`).join(', ');
  return { method, share, writtenBytes, resumed, problem };
}

const scratch = resolve(values.scratch);
mkdirSync(scratch, { recursive: true });
const set = await provideModelSet(values.size, { scratch });
const setting = { set, threads: Number(values.threads), scratch };
const methods = values.methods.split(',');
const out = join(scratch, 'out-killed');
const uniform = uniforms(Number(values.seed));
/** Shares of the weights written: from the first chunk to just before the last. */
const shares = Array.from({ length: Number(values.kills) }, () => 0.001 + 0.99 * uniform());

const rows = [];
for (const [i, method] of methods.entries()) {
  const mine = shares.filter((_, kill) => kill % methods.length === i);
  if (mine.length === 0) continue;
  const expected = await undisturbed(setting, method, out);
  for (const share of mine) rows.push(await killAndResume(setting, method, out, share, expected));
}
removeOutputs(scratch);

const table = new Table({
  head: ['method', 'killed at', 'bytes written', 'went on', 'result'],
  style: { head: [], border: [] },
});
for (const { method, share, writtenBytes, resumed, problem } of rows) {
  const killedAt = `${(share * 100).toFixed(1)} %`;
  const megabytes = writtenBytes === undefined ? '' : `${(writtenBytes / 1e6).toFixed(0)} MB`;
  table.push([method, killedAt, megabytes, resumed ? 'yes' : 'no', problem || 'equal bytes']);
}
console.log(
  `${rows.length} kills of merges of ${(set.fileBytes / 1e6).toFixed(0)} MB, seed ${values.seed}\n${table}`,
);
process.exitCode = rows.some(({ problem }) => problem) ? 1 : 0;
