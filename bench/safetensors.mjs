// Just enough of the safetensors format for the bench to be independent of what it measures.
import { closeSync, openSync, readSync } from 'node:fs';

/**
 * @typedef {import('./shapes.mjs').TensorShape & { byteOffset: number }} PlacedTensor
 *
 * @typedef {object} Layout
 * @property {Uint8Array} header The 8 bytes of length and the JSON.
 * @property {PlacedTensor[]} tensors With their places in the file.
 * @property {number} byteLength Of the whole file.
 */

export const BF16_BYTES = 2;

/** @type {(tensors: readonly import('./shapes.mjs').TensorShape[]) => Layout} */
export function layoutOf(tensors) {
  const header = { __metadata__: { format: 'pt' } };
  let end = 0;
  const starts = tensors.map(({ name, shape, elementCount }) => {
    const start = end;
    end += elementCount * BF16_BYTES;
    header[name] = { dtype: 'BF16', shape, data_offsets: [start, end] };
    return start;
  });
  const text = JSON.stringify(header);
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const data = length.length + json.length;
  return {
    header: Buffer.concat([length, json]),
    tensors: tensors.map((tensor, i) => ({ ...tensor, byteOffset: data + starts[i] })),
    byteLength: data + end,
  };
}

/**
 * Where each tensor lies in a file that the bench wrote.
 * @type {(path: string) => Map<string, { shape: number[], byteOffset: number }>}
 */
export function readLayout(path) {
  const descriptor = openSync(path, 'r');
  try {
    const length = Buffer.alloc(8);
    readSync(descriptor, length, 0, 8, 0);
    const json = Buffer.alloc(Number(length.readBigUInt64LE()));
    readSync(descriptor, json, 0, json.length, 8);
    const { __metadata__, ...tensors } = JSON.parse(json.toString());
    return new Map(
      Object.entries(tensors).map(([name, { shape, data_offsets }]) => [
        name,
        { shape, byteOffset: 8 + json.length + data_offsets[0] },
      ]),
    );
  } finally {
    closeSync(descriptor);
  }
}
