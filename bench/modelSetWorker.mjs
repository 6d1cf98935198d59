// A thread of modelSet.mjs: takes blocks and writes each one's values to all models of the set.
import { closeSync, openSync, writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { addNoise, BLOCK } from './noise.mjs';

/**
 * @typedef {object} ModelSetWork
 * @property {{ tensor: number, start: number, count: number, mean: number, byteOffset: number }[]} blocks
 * @property {string[]} paths The base's file, then the variants'.
 * @property {Float32Array[]} pools
 * @property {SharedArrayBuffer} next Counter of blocks taken.
 * @property {number} seed
 */

const BASE_DEVIATION = 0.02;
const VARIANT_DEVIATION = 0.002;

const values = new Float32Array(BLOCK);
const bits = new Uint32Array(values.buffer);
const base = new Float32Array(BLOCK);
const rounded = new Uint16Array(BLOCK);

/** Rounds `values` to bfloat16, nearest even. */
function roundValues(count) {
  for (let i = 0; i < count; i++) {
    const x = bits[i];
    rounded[i] = (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
  }
}

/** Makes `base` the numbers that were stored, so that a variant differs from them by noise alone. */
function keepBase(count) {
  for (let i = 0; i < count; i++) bits[i] = rounded[i] << 16;
  base.set(values);
}

/** @param {ModelSetWork} work */
function writeBlocks({ blocks, paths, pools, next, seed }) {
  const descriptors = paths.map((path) => openSync(path, 'r+'));
  const counter = new Int32Array(next);
  for (;;) {
    const block = blocks[Atomics.add(counter, 0, 1)];
    if (!block) break;
    const { tensor, start, count, mean, byteOffset } = block;
    descriptors.forEach((descriptor, model) => {
      if (model === 0) values.fill(mean);
      else values.set(base);
      const deviation = model === 0 ? BASE_DEVIATION : VARIANT_DEVIATION;
      addNoise(pools, [seed, tensor, start, model], deviation, values, count);
      roundValues(count);
      writeSync(descriptor, rounded, 0, count * 2, byteOffset);
      if (model === 0) keepBase(count);
    });
  }
  for (const descriptor of descriptors) closeSync(descriptor);
}

writeBlocks(workerData);
