/**
 * The memory that the scalar kernels work on: typed-array views at the pointers they are given, and
 * the rounding that follows every operation.
 *
 * Not a cache: views are made anew for each call, which costs little beside a tile's arithmetic.
 */

import type { Pointer } from '../kernels.ts';

export type Precision = 'float32' | 'float64';
export type Numbers = Float32Array | Float64Array;

export interface Tiles {
  readonly buffer: ArrayBufferLike;
  readonly numberBytes: 4 | 8;
  /** To the precision of the tiles, nearest even. */
  readonly round: (x: number) => number;
  /** Eight bytes in which the bits of a number are looked at. */
  readonly bits: DataView;
}

export function openTiles(buffer: ArrayBufferLike, precision: Precision): Tiles {
  const bits = new DataView(new ArrayBuffer(8));
  return precision === 'float32'
    ? { buffer, numberBytes: 4, round: Math.fround, bits }
    : { buffer, numberBytes: 8, round: (x) => x, bits };
}

export function numbersAt(tiles: Tiles, at: Pointer, count: number): Numbers {
  return tiles.numberBytes === 4
    ? new Float32Array(tiles.buffer, at, count)
    : new Float64Array(tiles.buffer, at, count);
}

/** Sums and counters are float64 in every precision. */
export function doublesAt(tiles: Tiles, at: Pointer, count: number): Float64Array {
  return new Float64Array(tiles.buffer, at, count);
}

export function countersAt(tiles: Tiles, at: Pointer, count: number): Uint32Array {
  return new Uint32Array(tiles.buffer, at, count);
}

/** The vectors of a list of `k` pointers. */
export function vectorsAt(tiles: Tiles, list: Pointer, k: number, count: number): Numbers[] {
  return Array.from(new Uint32Array(tiles.buffer, list, k), (at) => numbersAt(tiles, at, count));
}
