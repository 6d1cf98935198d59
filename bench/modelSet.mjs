// Makes the models that the bench merges: a Llama-shaped bfloat16 checkpoint `base` and variants
// `a`, `b`, `c` of it. base ~ N(0, 0.02) (norm weights around 1), variants = base + N(0, 0.002),
// dense, each rounded once; see noise.mjs for how they are drawn. An existing set is used again.
//
//   node bench/modelSet.mjs --size 1.1B [--scratch folder] [--threads N]
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { BLOCK, createPools } from './noise.mjs';
import { BF16_BYTES, layoutOf } from './safetensors.mjs';
import { configOf, shapeOf, tensorsOf, tokenizerOf } from './shapes.mjs';

export const SCRATCH = fileURLToPath(new URL('../scratch/bench', import.meta.url));
export const MODELS = ['base', 'a', 'b', 'c'];
const WEIGHTS = 'model.safetensors';
const SEED = 20240229;
/** To be raised when other values are drawn. */
const VERSION = 1;
const SHARD_BYTES = 5e9;

/**
 * @typedef {object} ModelSet
 * @property {string} folder Holds one folder per model.
 * @property {string} size
 * @property {number} parameters
 * @property {number} fileBytes Of each model's weights.
 */

/**
 * The set of this size, made if it is not there.
 * @type {(size: string, options?: { scratch?: string, threads?: number }) => Promise<ModelSet>}
 */
export async function provideModelSet(size, options = {}) {
  const folder = join(options.scratch ?? SCRATCH, `set-${size}`);
  const shape = shapeOf(size);
  const layout = layoutOf(tensorsOf(shape));
  const record = JSON.stringify({ version: VERSION, seed: SEED, shape, models: MODELS });
  const set = {
    folder,
    size,
    parameters: layout.tensors.reduce((sum, { elementCount }) => sum + elementCount, 0),
    fileBytes: layout.byteLength,
  };
  if (isMade(folder, record, [[WEIGHTS, layout.byteLength]])) return set;
  rmSync(folder, { recursive: true, force: true });
  const paths = MODELS.map((model) => {
    writeSmallFiles(join(folder, model), shape);
    const path = join(folder, model, WEIGHTS);
    createFile(path, layout);
    return path;
  });
  await fillFiles(paths, layout, options.threads ?? availableParallelism());
  writeFileSync(join(folder, 'set.json'), record);
  return set;
}

/**
 * A set of headers with nothing behind them: sparse, sharded files, to plan with.
 * @type {(size: string, options?: { scratch?: string }) => ModelSet}
 */
export function provideHeaderSet(size, options = {}) {
  const folder = join(options.scratch ?? SCRATCH, `headers-${size}`);
  const shape = shapeOf(size);
  const shards = shardsOf(tensorsOf(shape));
  const record = JSON.stringify({ version: VERSION, shape, models: MODELS });
  const all = shards.map(({ layout }) => layout.byteLength);
  const set = {
    folder,
    size,
    parameters: tensorsOf(shape).reduce((sum, { elementCount }) => sum + elementCount, 0),
    fileBytes: all.reduce((sum, bytes) => sum + bytes, 0),
  };
  const sizes = shards.map(({ name, layout }) => [name, layout.byteLength]);
  if (isMade(folder, record, sizes)) return set;
  rmSync(folder, { recursive: true, force: true });
  for (const model of MODELS) {
    writeSmallFiles(join(folder, model), shape);
    for (const { name, layout } of shards) createFile(join(folder, model, name), layout);
    writeFileSync(join(folder, model, `${WEIGHTS}.index.json`), indexOf(shards));
  }
  writeFileSync(join(folder, 'set.json'), record);
  return set;
}

function isMade(folder, record, sizes) {
  const path = join(folder, 'set.json');
  if (!existsSync(path) || readFileSync(path, 'utf8') !== record) return false;
  return MODELS.every((model) =>
    sizes.every(([name, size]) => {
      const found = statSync(join(folder, model, name), { throwIfNoEntry: false });
      return found?.size === size;
    }),
  );
}

function writeSmallFiles(folder, shape) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(configOf(shape), null, 2));
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizerOf(shape)));
}

/** A sparse file that has its header and its size. */
function createFile(path, { header, byteLength }) {
  const descriptor = openSync(path, 'w');
  ftruncateSync(descriptor, byteLength);
  writeSync(descriptor, header, 0, header.length, 0);
  closeSync(descriptor);
}

function shardsOf(tensors) {
  const groups = [[]];
  let filled = 0;
  for (const tensor of tensors) {
    const bytes = tensor.elementCount * BF16_BYTES;
    if (filled > 0 && filled + bytes > SHARD_BYTES) {
      groups.push([]);
      filled = 0;
    }
    groups.at(-1).push(tensor);
    filled += bytes;
  }
  const number = (n) => String(n).padStart(5, '0');
  return groups.map((group, i) => ({
    name: `model-${number(i + 1)}-of-${number(groups.length)}.safetensors`,
    layout: layoutOf(group),
  }));
}

function indexOf(shards) {
  const entries = shards.flatMap(({ name, layout }) =>
    layout.tensors.map((tensor) => [tensor.name, name]),
  );
  return JSON.stringify({ metadata: {}, weight_map: Object.fromEntries(entries) });
}

function blocksOf({ tensors }) {
  return tensors.flatMap(({ name, elementCount, byteOffset }, tensor) => {
    const mean = name.endsWith('norm.weight') ? 1 : 0;
    return Array.from({ length: Math.ceil(elementCount / BLOCK) }, (_, i) => {
      const start = i * BLOCK;
      const count = Math.min(BLOCK, elementCount - start);
      return { tensor, start, count, mean, byteOffset: byteOffset + start * BF16_BYTES };
    });
  });
}

async function fillFiles(paths, layout, threads) {
  const workerData = {
    blocks: blocksOf(layout),
    paths,
    pools: createPools(SEED),
    next: new SharedArrayBuffer(4),
    seed: SEED,
  };
  const url = new URL('./modelSetWorker.mjs', import.meta.url);
  const ends = Array.from({ length: threads }, () => {
    const worker = new Worker(url, { workerData });
    return new Promise((resolve, reject) => {
      worker.on('error', reject);
      worker.on('exit', resolve);
    });
  });
  await Promise.all(ends);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      size: { type: 'string', default: '1.1B' },
      scratch: { type: 'string', default: SCRATCH },
      threads: { type: 'string' },
    },
  });
  const started = performance.now();
  const threads = values.threads === undefined ? undefined : Number(values.threads);
  const set = await provideModelSet(values.size, { scratch: values.scratch, threads });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${set.folder}: ${MODELS.length} models of ${set.parameters} parameters, ${seconds} s`,
  );
}
