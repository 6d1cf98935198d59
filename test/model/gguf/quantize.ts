/**
 * Blocks of 32 numbers with one scale, as ggml defines them; and what they stand for.
 *
 *   Q8_0   scale (float16), then 32 int8:  x = scale * q
 *   Q4_0   scale (float16), then 16 bytes, the lower halves being the first 16 numbers:
 *          x = scale * (q - 8)
 */

import { decodeF16 } from '../../../src/kernel/scalar/convert.ts';
import type { Blocks } from './serializeGguf.ts';

const BLOCK = 32;

export interface Quantized {
  readonly blocks: Blocks;
  readonly values: Float32Array;
}

export type Quantize = (data: Float32Array) => Quantized;

export const q8: Quantize = (data) =>
  quantize(data, 8, (block) => {
    const scale = nearestHalf(largest(block) / 127);
    const codes = block.map((x) => Math.round(x / scale.value));
    return {
      bytes: [...scale.bytes, ...codes.map((q) => q & 0xff)],
      values: codes.map((q) => q * scale.value),
    };
  });

export const q4: Quantize = (data) =>
  quantize(data, 2, (block) => {
    const scale = nearestHalf(largest(block) / 8);
    const codes = block.map((x) => Math.min(15, Math.max(0, Math.round(x / scale.value) + 8)));
    const pairs = codes.slice(0, BLOCK / 2).map((low, i) => low | (codes[i + BLOCK / 2]! << 4));
    return {
      bytes: [...scale.bytes, ...pairs],
      values: codes.map((q) => (q - 8) * scale.value),
    };
  });

type Block = { readonly bytes: readonly number[]; readonly values: readonly number[] };

function quantize(data: Float32Array, type: number, encode: (block: number[]) => Block): Quantized {
  const blocks = Array.from({ length: data.length / BLOCK }, (_, i) =>
    encode([...data.subarray(i * BLOCK, (i + 1) * BLOCK)]),
  );
  return {
    blocks: { type, bytes: Uint8Array.from(blocks.flatMap(({ bytes }) => bytes)) },
    values: Float32Array.from(blocks.flatMap(({ values }) => values)),
  };
}

const largest = (block: readonly number[]) => Math.max(...block.map(Math.abs));

/** Of a number in the range of normal halves: the bits, lower byte first, and what they are. */
function nearestHalf(x: number): { readonly bytes: readonly number[]; readonly value: number } {
  const exponent = Math.floor(Math.log2(x));
  const bits = ((exponent + 15) << 10) + Math.round((x / 2 ** exponent - 1) * 1024);
  return { bytes: [bits & 0xff, bits >> 8], value: decodeF16(bits) };
}
