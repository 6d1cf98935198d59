// Running models beside transformers.js, on one and the same exported folder: tokens a second of greedy
// generation and milliseconds a classification, five alternating runs, medians. And opening a large
// bfloat16 checkpoint beside reading, converting and storing its float32 bytes in fresh memory.
//
//   node bench/models.mjs --causal models/llama --classifier models/bert [--large scratch/bench/set-1.1B/a]
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AutoModelForCausalLM, AutoTokenizer, env, pipeline } from '@huggingface/transformers';
import { openCheckpoint } from '../dist/checkpoint/open.js';
import { openWeightBytes } from '../dist/checkpoint/weightBytes.js';
import { convertToOnnx } from '../dist/model/convert/convertToOnnx.js';
import { openEngine } from '../dist/model/engine/engine.js';
import { createFloat32Reader } from '../dist/model/engine/float32Reader.js';
import { loadRuntime } from '../dist/model/engine/onnxRuntime.js';
import { storeOf } from '../dist/model/engine/weightStore.js';
import { generate } from '../dist/model/generate/generate.js';
import { openOnnxFolder } from '../dist/model/onnxFolder.js';

const RUNS = 5;
const NEW_TOKENS = 96;
const TEXTS = 100;
const AIM = 0.97;

const { values } = parseArgs({
  options: {
    causal: { type: 'string' },
    classifier: { type: 'string' },
    large: { type: 'string' },
  },
});
env.allowRemoteModels = false;
const scratch = mkdtempSync(join(tmpdir(), 'lmfuse-bench-'));

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

async function seconds(action) {
  const started = performance.now();
  await action();
  return (performance.now() - started) / 1000;
}

/** Both do the same work; each goes first in every other pair, after one run that does not count. */
async function alternate(ours, theirs) {
  await ours();
  await theirs();
  const pairs = [];
  for (let run = 0; run < RUNS; run++) {
    const order = run % 2 ? [theirs, ours] : [ours, theirs];
    const times = new Map();
    for (const action of order) times.set(action, await seconds(action));
    pairs.push([times.get(ours), times.get(theirs)]);
  }
  return {
    ours: median(pairs.map(([a]) => a)),
    theirs: median(pairs.map(([, b]) => b)),
    ratio: median(pairs.map(([a, b]) => b / a)),
  };
}

async function exported(path) {
  const out = join(scratch, 'exported');
  rmSync(out, { recursive: true, force: true });
  await convertToOnnx(path, out);
  return out;
}

function report(what, { ours, theirs, ratio }, unit) {
  const verdict = ratio >= AIM ? 'pass' : 'FAIL';
  console.log(
    `${what}: ${unit(ours)}, transformers.js ${unit(theirs)}; ${ratio.toFixed(2)} of its speed (at least ${AIM}: ${verdict})`,
  );
}

async function benchGeneration(path) {
  const folder = await exported(path);
  const model = await openOnnxFolder(folder, 'exported', { threads: 1 });
  const options = { dtype: 'fp32', session_options: { intraOpNumThreads: 1 } };
  const theirs = await AutoModelForCausalLM.from_pretrained(folder, options);
  const tokenizer = await AutoTokenizer.from_pretrained(folder);
  const prompt = 'A man in a red shirt';
  const inputs = tokenizer(prompt);
  const ids = [...inputs.input_ids.data].map(Number);
  const endless = { ...model.next, endTokens: [] };
  const result = await alternate(
    () => generate(endless, [ids], { strategy: 'greedy', maxNewTokens: NEW_TOKENS }),
    () =>
      theirs.generate({
        ...inputs,
        do_sample: false,
        max_new_tokens: NEW_TOKENS,
        min_new_tokens: NEW_TOKENS,
      }),
  );
  report('greedy generation', result, (s) => `${(NEW_TOKENS / s).toFixed(0)} tokens/s`);
  await model.close();
  await theirs.dispose();
}

async function benchClassification(path) {
  const folder = await exported(path);
  const model = await openOnnxFolder(folder, 'exported', { threads: 1 });
  const options = { dtype: 'fp32', session_options: { intraOpNumThreads: 1 } };
  const theirs = await pipeline('text-classification', folder, options);
  const texts = Array.from({ length: TEXTS }, (_, i) => `a film of ${i} good and bad moments`);
  const result = await alternate(
    async () => {
      for (const text of texts) await model.classify.logProbabilities([{ id: '0', text }]);
    },
    async () => {
      for (const text of texts) await theirs(text);
    },
  );
  report('classification', result, (s) => `${((1000 * s) / TEXTS).toFixed(2)} ms`);
  await model.close();
  await theirs.dispose();
}

function peakBytes() {
  const line = readFileSync('/proc/self/status', 'utf8').match(/^VmHWM:\s+(\d+) kB$/m);
  return Number(line?.[1] ?? 0) * 1024;
}

async function benchOpening(path) {
  const checkpoint = await openCheckpoint(path, path);
  const runtime = await loadRuntime();
  const floats = [...checkpoint.tensors.values()].reduce(
    (sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1),
    0,
  );
  const opened = await seconds(async () => {
    const store = (graphs) => storeOf(checkpoint, graphs);
    const engine = await openEngine(runtime, checkpoint, { threads: 2, packs: false, store });
    const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(2)} GB`;
    console.log(
      `opening: peak ${gigabytes(peakBytes())}, ${(peakBytes() / floats).toFixed(2)} times the float32 weights (${gigabytes(floats)})`,
    );
    await engine.close();
  });
  const floor = await seconds(async () => {
    const files = openWeightBytes(checkpoint);
    const convert = createFloat32Reader();
    const kept = [];
    for (const entry of checkpoint.tensors.values()) {
      const size = entry.dtype === 'F32' ? 4 : 2;
      kept.push(
        convert(entry, (start, _end, target) => {
          files.read(entry.file, target, entry.byteOffset + start * size);
        }),
      );
    }
    files.close();
  });
  const ratio = opened / floor;
  console.log(
    `opening: ${opened.toFixed(1)} s, reading, converting and storing ${floor.toFixed(1)} s; ratio ${ratio.toFixed(2)} (at most 2: ${ratio <= 2 ? 'pass' : 'FAIL'})`,
  );
}

try {
  if (values.causal) await benchGeneration(values.causal);
  if (values.classifier) await benchClassification(values.classifier);
  if (values.large) await benchOpening(values.large);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
