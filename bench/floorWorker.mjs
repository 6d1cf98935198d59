// A thread of floor.mjs: takes pieces and moves their bytes, computing nothing.
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { BF16_BYTES } from './safetensors.mjs';

/**
 * @typedef {object} FloorWork
 * @property {string[]} inputs Files to read.
 * @property {string} output File to write in place.
 * @property {{ start: number, end: number, reads: number[], write: number }[]} pieces Elements of a
 *   tensor, the place of its first one in every input, and in the output.
 * @property {number} passes How often each piece is read.
 * @property {number} chunkNumbers
 * @property {WebAssembly.Memory} memory
 * @property {number} arenaStart This thread's buffers: one per input, then one for the output.
 * @property {SharedArrayBuffer} next Counter of pieces taken.
 */

/** @param {FloorWork} work */
function movePieces({ pieces, inputs, output, passes, chunkNumbers, next, ...work }) {
  const descriptors = inputs.map((path) => openSync(path, 'r'));
  const target = openSync(output, 'r+');
  const chunkBytes = chunkNumbers * BF16_BYTES;
  const buffers = Array.from(
    { length: inputs.length + 1 },
    (_, i) => new Uint8Array(work.memory.buffer, work.arenaStart + i * chunkBytes, chunkBytes),
  );
  const counter = new Int32Array(next);
  for (;;) {
    const piece = pieces[Atomics.add(counter, 0, 1)];
    if (!piece) break;
    for (let pass = 1; pass <= passes; pass++) {
      for (let start = piece.start; start < piece.end; start += chunkNumbers) {
        const byteLength = Math.min(chunkNumbers, piece.end - start) * BF16_BYTES;
        const offset = start * BF16_BYTES;
        descriptors.forEach((descriptor, i) => {
          readWhole(descriptor, buffers[i], byteLength, piece.reads[i] + offset);
        });
        if (pass < passes) continue;
        writeWhole(target, buffers[inputs.length], byteLength, piece.write + offset);
      }
    }
  }
  for (const descriptor of [...descriptors, target]) closeSync(descriptor);
}

function readWhole(descriptor, buffer, byteLength, position) {
  if (readSync(descriptor, buffer, 0, byteLength, position) === byteLength) return;
  throw new Error(`a read at byte ${position} came short`);
}

function writeWhole(descriptor, buffer, byteLength, position) {
  if (writeSync(descriptor, buffer, 0, byteLength, position) === byteLength) return;
  throw new Error(`a write at byte ${position} came short`);
}

movePieces(workerData);
