/**
 * The memory in which a method works on one tensor: pointers of the decoded inputs, of the result,
 * and an allocator for further tiles and scratch. Everything lies in one arena that is reused from
 * tensor to tensor; nothing is freed.
 */

import type { Kernels, Pointer } from '../../kernel/kernels.ts';

export interface TileMachine {
  readonly kernels: Kernels;
  /** The base model's tile; undefined behaviour when the tensor has no base. */
  readonly base: Pointer;
  readonly inputs: readonly Pointer[];
  readonly out: Pointer;
  /** A further tile. */
  readonly tile: () => Pointer;
  /** Zeroed bytes, aligned to 16. */
  readonly bytes: (byteLength: number) => Pointer;
  /** A list of vectors for the kernels. */
  readonly list: (pointers: readonly Pointer[]) => Pointer;
  /** A list of weights for the kernels, in the machine's precision. */
  readonly numbers: (values: readonly number[]) => Pointer;
  readonly uint32: (pointer: Pointer, count: number) => Uint32Array;
  readonly float64: (pointer: Pointer, count: number) => Float64Array;
  /** Numbers of the machine's precision. */
  readonly view: (pointer: Pointer, count: number) => Float32Array | Float64Array;
}

export interface Arena {
  readonly buffer: ArrayBufferLike;
  readonly start: Pointer;
  readonly end: Pointer;
}

export interface MachineLayout {
  readonly arena: Arena;
  readonly kernels: Kernels;
  readonly inputCount: number;
  /** Numbers of a tile. */
  readonly tileNumbers: number;
}

const ALIGNMENT = 16;
/** Kernels may touch the numbers up to the next multiple of four. */
const PADDING_NUMBERS = 4;
/** Tiles start this far off a power of two apart, so that they do not share cache sets. */
const TILE_STAGGER = 64;

export function tileBytes(tileNumbers: number, numberBytes: number): number {
  return align((tileNumbers + PADDING_NUMBERS) * numberBytes) + TILE_STAGGER;
}

function align(byteLength: number): number {
  return Math.ceil(byteLength / ALIGNMENT) * ALIGNMENT;
}

export function createMachine(layout: MachineLayout): TileMachine {
  const { arena, kernels } = layout;
  const buffer = arena.buffer;
  let next = align(arena.start);

  function take(byteLength: number): Pointer {
    const pointer = next;
    next += align(byteLength);
    if (next > arena.end) {
      throw new Error(`the arena of ${arena.end - arena.start} bytes is too small`);
    }
    return pointer;
  }
  function bytes(byteLength: number): Pointer {
    const pointer = take(byteLength);
    new Uint8Array(buffer, pointer, byteLength).fill(0);
    return pointer;
  }
  function view(pointer: Pointer, count: number) {
    return kernels.numberBytes === 4
      ? new Float32Array(buffer, pointer, count)
      : new Float64Array(buffer, pointer, count);
  }
  const tile = () => take(tileBytes(layout.tileNumbers, kernels.numberBytes));
  return {
    kernels,
    base: tile(),
    inputs: Array.from({ length: layout.inputCount }, tile),
    out: tile(),
    tile,
    bytes,
    list(pointers) {
      const pointer = take(pointers.length * 4);
      new Uint32Array(buffer, pointer, pointers.length).set(pointers);
      return pointer;
    },
    numbers(values) {
      const pointer = take(values.length * kernels.numberBytes);
      view(pointer, values.length).set(values);
      return pointer;
    },
    uint32: (pointer, count) => new Uint32Array(buffer, pointer, count),
    float64: (pointer, count) => new Float64Array(buffer, pointer, count),
    view,
  };
}

/** Upper bound of the tiles that a method with `inputCount` inputs allocates. */
export function tileCountBound(inputCount: number): number {
  return 4 * inputCount + 12;
}
