// Speed of the kernels on one thread, beside memcpy on the same machine. Tiles are the executor's and
// lie in the cache; the pipelines stream whole vectors from memory through tiles, as a merge does.
// GB/s counts bytes in and out of what is named, never the tiles between.
//
//   node bench/kernels.mjs [--elements 16777216] [--json file]     (after npm run build)
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import {
  COARSE_BINS,
  divergenceScratchBytes,
  KEYS_PER_BIN,
  RANDOM_SCRATCH_BYTES,
  rankScratchBytes,
  TILE_NUMBERS,
} from '../dist/kernel/kernels.js';
import { loadKernelModule } from '../dist/kernel/load.js';
import { createSimdKernels } from '../dist/kernel/simd.js';
import { CHUNK_NUMBERS } from '../dist/merge/execute/runTask.js';
import { arenaAllocator, createMachine } from '../dist/merge/method/machine.js';
import { selectCuts } from '../dist/merge/method/select.js';
import { median, verdict } from './figures.mjs';
import { addNoise, BLOCK, createPools } from './noise.mjs';

/** Measured once on a two-core x86-64 virtual machine; half of each is the target. */
const REFERENCE = { memcpy: 34.9, F32: 35.8, BF16: 11.7, F16: 5.2 };
const DRAWS_PER_SECOND = 1e9;
const THRESHOLD_MS = { F32: 13.8, BF16: 6.5 };
const K = 3;
/** As many keys as a select counts one by one in a large tensor. */
const RANGE_KEYS = 8 * KEYS_PER_BIN;
const LARGEST_KEY = 0x7f800001;
const SAMPLES = 9;
const SAMPLE_MS = 30;
const WARM_UP_MS = 150;
const PAGE_BYTES = 65536;

const { values } = parseArgs({
  options: { elements: { type: 'string', default: String(1 << 24) }, json: { type: 'string' } },
});
const elements = Math.floor(Number(values.elements) / TILE_NUMBERS) * TILE_NUMBERS;

const pages = Math.ceil((elements * 4 * (K + 1) + (64 << 20)) / PAGE_BYTES);
const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
const kernels = createSimdKernels(loadKernelModule(), memory);
const allocate = arenaAllocator({
  buffer: memory.buffer,
  start: PAGE_BYTES,
  end: pages * PAGE_BYTES,
});
const machine = createMachine({
  allocate,
  buffer: memory.buffer,
  kernels,
  inputs: [],
  tileNumbers: TILE_NUMBERS,
});

/** Seconds of one call: the median of samples, and the shortest. */
function timed(run) {
  const calls = callsFor(run);
  const samples = Array.from({ length: SAMPLES }, () => {
    const started = performance.now();
    for (let i = 0; i < calls; i++) run();
    return (performance.now() - started) / 1000 / calls;
  });
  return { seconds: median(samples), best: Math.min(...samples) };
}

/** Warms up until the optimised code runs; returns the calls that fill a sample. */
function callsFor(run) {
  const started = performance.now();
  let calls = 0;
  do {
    run();
    calls++;
  } while (performance.now() - started < WARM_UP_MS);
  return Math.max(1, Math.round((calls * SAMPLE_MS) / (performance.now() - started)));
}

const rateOf = (bytes, { seconds, best }) => ({
  rate: bytes / seconds / 1e9,
  best: bytes / best / 1e9,
});

const pools = createPools(1);
/** Task vectors as in the bench's models. */
function fillNormal(pointer, count, key) {
  for (let start = 0; start < count; start += BLOCK) {
    const size = Math.min(BLOCK, count - start);
    const view = new Float32Array(memory.buffer, pointer + start * 4, size);
    view.fill(0);
    addNoise(pools, [key, start], 0.02, view, size);
  }
}

const vectors = Array.from({ length: K }, () => allocate(elements * 4 + 64));
const result = allocate(elements * 4 + 64);
const list = machine.list(vectors);
const weights = machine.numbers([0.5, 0.3, 0.2]);
vectors.forEach((vector, i) => {
  fillNormal(vector, elements, i);
});
fillNormal(result, elements, K);

/** A key about in the middle of the magnitudes. */
const middleKey = new Uint32Array(new Float32Array([0.0135]).buffer)[0];

function storedCopy(tile, count) {
  const stored = machine.tile();
  kernels.encode('BF16', tile, stored, count);
  return stored;
}

/** Every kernel on tiles: its name and the bytes per element that go in and out. */
function tileCases() {
  const n = TILE_NUMBERS;
  const tiles = Array.from({ length: K }, (_, i) => {
    const tile = machine.tile();
    fillNormal(tile, n, 10 + i);
    return tile;
  });
  const [x, y, z] = tiles;
  const stored = machine.tile();
  const out = machine.tile();
  const target = machine.tile();
  fillNormal(target, n, 20);
  const chances = machine.tile();
  machine.view(chances, n).fill(0.5);
  const tileList = machine.list(tiles);
  const storedTiles = tiles.map((tile) => storedCopy(tile, n));
  const storedList = machine.list(storedTiles);
  const [storedX, storedBase] = storedTiles;
  const band = machine.bytes(24);
  machine.uint32(band, 6).set([middleKey, LARGEST_KEY + 1, middleKey]);
  const coefficients = machine.list([y, z, x]);
  const alone = machine.numbers([1.1, 1.2, 1.3]);
  const coarse = machine.bytes(COARSE_BINS * 4);
  const range = machine.bytes(RANGE_KEYS * 4);
  const counts = machine.bytes(K * 16);
  const gram = machine.bytes((K * (K + 1) * 8) / 2);
  const sums = machine.bytes(n * 8);
  const words = machine.bytes(RANDOM_SCRATCH_BYTES);
  const rank = machine.bytes(rankScratchBytes(n));
  const divergence = machine.bytes(divergenceScratchBytes(n));
  const firstKey = middleKey - RANGE_KEYS / 2;
  const k = kernels;
  const half = 2 ** 31;
  const conversions = ['BF16', 'F16', 'F32'].flatMap((dtype) => {
    const bytes = dtype === 'F32' ? 4 : 2;
    k.encode(dtype, x, stored, n);
    return [
      [`decode ${dtype}`, bytes + 4, () => k.decode(dtype, stored, out, n)],
      [`decodeDelta ${dtype}`, bytes + 8, () => k.decodeDelta(dtype, stored, y, out, n)],
      [`encode ${dtype}`, 4 + bytes, () => k.encode(dtype, x, out, n)],
    ];
  });
  return [
    ['memcpy', 8, () => k.copyBytes(x, out, n * 4)],
    ...conversions,
    ['encode F64', 12, () => k.encode('F64', x, result, n)],
    ['scale', 8, () => k.scale(x, 0.5, out, n)],
    ['divide', 8, () => k.divide(x, 3, out, n)],
    ['addScaled', 12, () => k.addScaled(x, 1e-9, target, n)],
    ['subtract', 12, () => k.subtract(x, y, out, n)],
    ['weightedSum of 3', 16, () => k.weightedSum(tileList, weights, K, out, n)],
    [
      'weightedSumByElement of 3',
      28,
      () => k.weightedSumByElement(tileList, coefficients, K, out, n),
    ],
    ['weightedSumBf16 of 3', 8, () => k.weightedSumBf16(storedList, weights, K, 1, stored, n)],
    ['addBaseBf16', 8, () => k.addBaseBf16(x, 0.5, storedBase, stored, n)],
    ['deltaBf16', 8, () => k.deltaBf16(storedX, storedBase, out, n)],
    ['deltaWithinBf16', 8, () => k.deltaWithinBf16(storedX, storedBase, band, out, n)],
    [
      'deltaAtRandomBf16',
      8,
      () => k.deltaAtRandomBf16(storedX, storedBase, 1, 2, 0, half, 2, words, out, n),
    ],
    [
      'histogramDeltaKeys',
      4,
      () => k.histogramDeltaKeys(storedX, storedBase, firstKey, RANGE_KEYS, range, n),
    ],
    ['nearswap', 12, () => k.nearswap(x, y, 0.001, out, n)],
    ['electSign of 3', 16, () => k.electSign(tileList, weights, weights, K, 1, out, n)],
    ['mergeOverlap of 3', 16, () => k.mergeOverlap(tileList, alone, K, 1e-5, out, n)],
    ['countOverlap of 3', 12, () => k.countOverlap(tileList, K, 1e-5, counts, n)],
    ['variance of 3', 16, () => k.variance(tileList, K, out, n)],
    ['dot', 8, () => k.dot(x, y, n)],
    ['sumMagnitudes', 4, () => k.sumMagnitudes(x, n)],
    ['addGram of 3', 12, () => k.addGram(tileList, K, gram, n)],
    ['addProducts', 24, () => k.addProducts(x, y, sums, n)],
    ['histogramCoarse', 4, () => k.histogramCoarse(x, coarse, n)],
    ['histogramKeys', 4, () => k.histogramKeys(x, firstKey, RANGE_KEYS, range, n)],
    ['countKey', 4, () => k.countKey(x, middleKey, n)],
    ['zeroBelow', 12, () => k.zeroBelow(x, middleKey, target, n)],
    ['zeroFrom', 12, () => k.zeroFrom(x, middleKey, target, n)],
    ['zeroEqual', 4, () => k.zeroEqual(x, middleKey, 1, 1, target, n)],
    ['dropRandomly', 8, () => k.dropRandomly(target, 1, 2, 0, half, words, n)],
    ['dropByProbability', 12, () => k.dropByProbability(target, chances, 1, 2, 0, words, 1, n)],
    ['rankLinear', 8, () => k.rankLinear(x, 0.35, 0.3 / n, out, rank, n)],
    ['rowDivergence', 8, () => k.rowDivergence(x, y, divergence, n)],
    ['importance', 8, () => k.importance(x, 0.5, out, n)],
  ];
}

/** Exports that other names stand for, and the bare generator, which only tests call. */
const NOT_LISTED = [
  'decodeBf16',
  'decodeF16',
  'subtractBf16',
  'subtractF16',
  'encodeBf16',
  'encodeF16',
  'encodeF32',
  'encodeF64',
  'copyBytes',
  'philox',
];

/** A kernel that is added must be added here too. */
function assertComplete(cases) {
  const listed = new Set(cases.map(([name]) => name.split(' ')[0]));
  const missing = Object.keys(kernels).filter(
    (name) =>
      typeof kernels[name] === 'function' && !listed.has(name) && !NOT_LISTED.includes(name),
  );
  if (missing.length > 0) throw new Error(`kernels without a measurement: ${missing.join(', ')}`);
}

function measureTiles() {
  const cases = tileCases();
  assertComplete(cases);
  return cases.map(([name, bytesPerElement, run]) => {
    const time = timed(run);
    return {
      name,
      ...rateOf(bytesPerElement * TILE_NUMBERS, time),
      perSecond: TILE_NUMBERS / time.seconds,
    };
  });
}

/** Weighted sum of three vectors of a dtype, through tiles: decode, sum, encode. */
function pipeline(dtype) {
  const bytes = dtype === 'F32' ? 4 : 2;
  if (bytes === 2) for (const vector of vectors) storeInPlace(dtype, vector);
  const tiles = vectors.map(() => machine.tile());
  const tileList = machine.list(tiles);
  const out = machine.tile();
  const run = () => {
    for (let at = 0; at < elements; at += TILE_NUMBERS) {
      const offset = at * bytes;
      for (let i = 0; i < K; i++) {
        kernels.decode(dtype, vectors[i] + offset, tiles[i], TILE_NUMBERS);
      }
      kernels.weightedSum(tileList, weights, K, out, TILE_NUMBERS);
      kernels.encode(dtype, out, result + offset, TILE_NUMBERS);
    }
  };
  return { run, bytes: (K + 1) * bytes * elements };
}

/** Normals again, then rounded to the front of the vector's own memory. */
function storeInPlace(dtype, vector) {
  fillNormal(vector, elements, vector);
  const tile = machine.tile();
  for (let at = 0; at < elements; at += TILE_NUMBERS) {
    kernels.encode(dtype, vector + at * 4, tile, TILE_NUMBERS);
    kernels.copyBytes(tile, vector + at * 2, TILE_NUMBERS * 2);
  }
}

function measureStreams() {
  const rows = [];
  const add = (name, reference, bytes, run) => {
    rows.push({ name, reference, ...rateOf(bytes, timed(run)) });
  };
  add('memcpy', REFERENCE.memcpy, elements * 8, () =>
    kernels.copyBytes(vectors[0], result, elements * 4),
  );
  add('F32 weighted sum of 3, direct', REFERENCE.F32, elements * 16, () =>
    kernels.weightedSum(list, weights, K, result, elements),
  );
  for (const dtype of ['F32', 'BF16', 'F16']) {
    const { run, bytes } = pipeline(dtype);
    add(`${dtype} weighted sum of 3, through tiles`, REFERENCE[dtype], bytes, run);
  }
  return rows;
}

/** The exact threshold of the largest fifth of magnitudes: a select as a method runs it. */
function measureThreshold(dtype) {
  const vector = vectors[0];
  if (dtype === 'F32') fillNormal(vector, elements, 30);
  else storeInPlace(dtype, vector);
  const bytes = dtype === 'F32' ? 4 : 2;
  const run = () => {
    const local = createMachine({
      allocate: arenaAllocator({
        buffer: memory.buffer,
        start: result,
        end: result + elements * 4,
      }),
      buffer: memory.buffer,
      kernels,
      inputs: [],
      tileNumbers: TILE_NUMBERS,
    });
    const tile = local.tile();
    const passes = selectCuts(local, {
      vectors: [tile],
      elementCount: elements,
      fill: ({ start, count }) => kernels.decode(dtype, vector + start * bytes, tile, count),
      ranks: () => [{ largest: Math.floor(elements / 5) }],
    });
    for (const pass of passes) {
      const step = pass.sampleNumbers ? CHUNK_NUMBERS : TILE_NUMBERS;
      for (let start = 0; start < elements; start += step) {
        pass.tile({ start, count: TILE_NUMBERS });
      }
    }
  };
  const { seconds, best } = timed(run);
  // The references are of 2^24 elements.
  const scale = elements / 2 ** 24;
  return { dtype, ms: seconds * 1000, bestMs: best * 1000, reference: THRESHOLD_MS[dtype] * scale };
}

const plain = { style: { head: [], border: [] } };
const two = (number) => number.toFixed(2);
const one = (number) => number.toFixed(1);

function printTiles(rows) {
  const copy = rows[0].rate;
  const table = new Table({ head: ['kernel', 'GB/s', 'best', 'of memcpy'], ...plain });
  for (const { name, rate, best } of rows) {
    table.push([name, one(rate), one(best), two(rate / copy)]);
  }
  console.log(`Kernels on tiles of ${TILE_NUMBERS} numbers\n${table}`);
}

/** Half of the reference counts twice: as it is, and with each machine's memcpy as the unit. */
function printStreams(rows) {
  const [memcpy, ...sums] = rows;
  const head = ['', 'GB/s', 'best', 'of memcpy', 'reference', 'of memcpy', 'half', 'half of share'];
  const table = new Table({ head, ...plain });
  table.push(['memcpy', one(memcpy.rate), one(memcpy.best), '', one(memcpy.reference), '', '', '']);
  for (const { name, rate, best, reference } of sums) {
    const share = rate / memcpy.rate;
    const referenceShare = reference / memcpy.reference;
    table.push([
      name,
      one(rate),
      one(best),
      two(share),
      one(reference),
      two(referenceShare),
      verdict(rate >= reference / 2),
      verdict(share >= referenceShare / 2),
    ]);
  }
  console.log(`\nVectors of ${elements} elements in memory\n${table}`);
}

function printRest(draws, thresholds) {
  const table = new Table({ head: ['', 'here', 'reference', ''], ...plain });
  for (const { name, perSecond } of draws) {
    const result = verdict(perSecond >= DRAWS_PER_SECOND);
    table.push([`${name}, draws per second`, `${two(perSecond / 1e9)}e9`, 'at least 1e9', result]);
  }
  for (const { dtype, ms, reference } of thresholds) {
    table.push([
      `threshold of the top 20 %, ${dtype}`,
      `${one(ms)} ms`,
      `${one(reference)} ms`,
      '',
    ]);
  }
  console.log(`\nRandom draws and selection\n${table}`);
}

const tiles = measureTiles();
printTiles(tiles);
const streams = measureStreams();
printStreams(streams);
const draws = tiles.filter(({ name }) => name === 'dropRandomly' || name === 'dropByProbability');
const thresholds = ['F32', 'BF16'].map(measureThreshold);
printRest(draws, thresholds);
if (values.json) {
  const report = { elements, tiles, streams, draws, thresholds };
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}
