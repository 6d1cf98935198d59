// The floor of a merge: the reads that the method declares (as often as it reads, of all its inputs)
// and the writes of as many output bytes, with nothing computed. Buffers, chunks, threads and the
// split into pieces are the executor's, and so is what is around it: a new file in a new folder, its
// header, syncing in the background, the last fsync and the rename. Independent of the executor but
// for its sizes and its background sync; writes one file whatever its size.
//
//   node bench/floor.mjs --set scratch/bench/set-20M --method ties --threads 2 --out folder
//     [--no-sync] [--warm]      (--warm: writes over the bytes of an existing folder's file)
import {
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { CHUNK_NUMBERS } from '../dist/merge/execute/runTask.js';
import { mergeMethod } from '../dist/merge/method/registry.js';
import { LARGE_SHARE } from '../dist/merge/plan/planMerge.js';
import { TASK_NUMBERS } from '../dist/merge/plan/planTensor.js';
import { NO_SYNC, startBackgroundSync } from '../dist/merge/run/backgroundSync.js';
import { modelsReadBy, recipeOf } from './recipes.mjs';
import { BF16_BYTES, layoutOf, readLayout } from './safetensors.mjs';

const WEIGHTS = 'model.safetensors';
const PAGE_BYTES = 65536;

/** Parameters as the method sees them: the recipe's, or else the defaults. */
function valuesOf(specs, given) {
  const defaults = Object.entries(specs).map(([name, spec]) => [name, spec.default]);
  return { ...Object.fromEntries(defaults), ...given };
}

/** Whether the method needs statistics of the whole tensor, so that it is one piece. */
function isWhole(name, { shape, elementCount }) {
  const method = mergeMethod(name, 'bench');
  const recipe = recipeOf(name);
  const unit = method.unit({
    name: 'bench',
    elementCount,
    rowLength: shape.at(-1),
    isMatrix: shape.length > 1,
    hasBase: recipe.base !== undefined,
    models: recipe.inputs.map(() => valuesOf(method.modelParameters, recipe.perModel)),
    globals: valuesOf(method.globalParameters, recipe.global),
    streams: [],
  });
  return unit === 'tensor';
}

/** The large ones first, then in the order of the file, as the plan has them. */
function piecesOf(method, inputs, output) {
  const layouts = inputs.map((path) => readLayout(path));
  const tensors = tensorsIn(output);
  const pieces = tensors.flatMap((tensor) => {
    const { name, elementCount, byteOffset } = tensor;
    const size = isWhole(method, tensor) ? elementCount : TASK_NUMBERS;
    const reads = layouts.map((layout) => layout.get(name).byteOffset);
    return Array.from({ length: Math.ceil(elementCount / size) }, (_, i) => {
      const end = Math.min(elementCount, (i + 1) * size);
      return { start: i * size, end, reads, write: byteOffset };
    });
  });
  const large = LARGE_SHARE * tensors.reduce((sum, { elementCount }) => sum + elementCount, 0);
  const isSmall = ({ start, end }) => end - start <= large;
  return pieces.sort((a, b) => isSmall(a) - isSmall(b) || a.write - b.write || a.start - b.start);
}

function tensorsIn(path) {
  return [...readLayout(path)].map(([name, place]) => ({
    name,
    ...place,
    elementCount: place.shape.reduce((product, n) => product * n, 1),
  }));
}

async function movePieces(work, threads) {
  const buffers = work.inputs.length + 1;
  const pages = Math.ceil((buffers * work.chunkNumbers * BF16_BYTES) / PAGE_BYTES);
  const total = pages * threads;
  const memory = new WebAssembly.Memory({ initial: total, maximum: total, shared: true });
  const next = new SharedArrayBuffer(4);
  const ends = Array.from({ length: threads }, (_, i) => {
    const workerData = { ...work, memory, next, arenaStart: i * pages * PAGE_BYTES };
    const worker = new Worker(new URL('./floorWorker.mjs', import.meta.url), { workerData });
    return new Promise((resolve, reject) => {
      worker.on('error', reject);
      worker.on('exit', resolve);
    });
  });
  await Promise.all(ends);
}

/** @returns {number} The seconds it took. */
async function runFloor({ set, method, threads, out, sync, warm }) {
  const started = performance.now();
  const inputs = modelsReadBy(method).map((model) => join(set, model, WEIGHTS));
  const folder = warm ? out : `${out}.partial`;
  const output = join(folder, WEIGHTS);
  if (!warm) createOutput(folder, output, layoutOf(tensorsIn(inputs[0])));
  const background = sync ? await startBackgroundSync([output], () => 0) : NO_SYNC;
  await movePieces(
    {
      inputs,
      output,
      pieces: piecesOf(method, inputs, output),
      passes: mergeMethod(method, 'bench').reads,
      chunkNumbers: CHUNK_NUMBERS,
    },
    threads,
  );
  await background.finish();
  if (!warm) publish(folder, out, sync);
  return (performance.now() - started) / 1000;
}

function createOutput(folder, output, { header, byteLength }) {
  mkdirSync(folder, { recursive: true });
  const descriptor = openSync(output, 'wx');
  ftruncateSync(descriptor, byteLength);
  writeSync(descriptor, header, 0, header.length, 0);
  closeSync(descriptor);
}

function publish(folder, out, sync) {
  if (sync) syncFolder(folder);
  renameSync(folder, out);
  if (sync) syncFolder(dirname(out));
}

function syncFolder(path) {
  const descriptor = openSync(path, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

const { values } = parseArgs({
  options: {
    set: { type: 'string' },
    method: { type: 'string' },
    threads: { type: 'string', default: '2' },
    out: { type: 'string' },
    'no-sync': { type: 'boolean', default: false },
    warm: { type: 'boolean', default: false },
  },
});
const seconds = await runFloor({
  set: values.set,
  method: values.method,
  threads: Number(values.threads),
  out: values.out,
  sync: !values['no-sync'] && !values.warm,
  warm: values.warm,
});
console.log(JSON.stringify({ seconds }));
