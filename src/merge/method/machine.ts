/**
 * The memory in which a method works on one tensor: pointers of the decoded inputs, of the result,
 * and an allocator for further tiles and scratch. Everything lies in one arena that is reused from
 * tensor to tensor; nothing is freed.
 */

import type { Kernels, Pointer } from '../../kernel/kernels.ts';

/** An input of the present tile, still as stored. */
export interface TileInput {
  readonly decode: (target: Pointer, count: number) => void;
  /** target = input - base */
  readonly decodeDelta: (target: Pointer, count: number) => void;
}

/** The present tile as the files hold it, for kernels that do without decoding. */
export interface StoredTile {
  /** List of the inputs' places. */
  readonly list: Pointer;
  readonly input: (index: number) => Pointer;
  /** Where the result goes. */
  readonly out: () => Pointer;
}

/** The same of a tensor whose base is plain BF16 as well. */
export interface StoredDeltas extends StoredTile {
  readonly base: () => Pointer;
}

export interface TileMachine {
  readonly kernels: Kernels;
  /** A tile for the base model's numbers, which `decodeBase` brings there. */
  readonly base: Pointer;
  readonly decodeBase: (count: number) => void;
  readonly out: Pointer;
  /** One per input: brings the present tile's numbers to a tile. */
  readonly inputs: readonly TileInput[];
  /** Present when all inputs and the output are plain BF16. */
  readonly storedBf16: StoredTile | undefined;
  readonly storedDeltas: StoredDeltas | undefined;
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
  readonly allocate: Allocate;
  readonly buffer: ArrayBufferLike;
  readonly kernels: Kernels;
  readonly inputs: readonly ((machine: Pick<TileMachine, 'base'>) => TileInput)[];
  readonly decodeBase?: (target: Pointer, count: number) => void;
  readonly storedBf16?: StoredTile | undefined;
  readonly storedDeltas?: StoredDeltas | undefined;
  /** Numbers of a tile. */
  readonly tileNumbers: number;
}

const ALIGNMENT = 16;
/** Kernels may touch the numbers up to the next multiple of eight. */
const PADDING_NUMBERS = 8;
/** Tiles start this far off a power of two apart, so that they do not share cache sets. */
const TILE_STAGGER = 64;

export function tileBytes(tileNumbers: number, numberBytes: number): number {
  return align((tileNumbers + PADDING_NUMBERS) * numberBytes) + TILE_STAGGER;
}

function align(byteLength: number): number {
  return Math.ceil(byteLength / ALIGNMENT) * ALIGNMENT;
}

/** Takes bytes, aligned to 16 and not cleared. */
export type Allocate = (byteLength: number) => Pointer;

export function arenaAllocator(arena: Arena): Allocate {
  let next = align(arena.start);
  return (byteLength) => {
    const pointer = next;
    next += align(byteLength);
    if (next > arena.end) {
      throw new Error(`the arena of ${arena.end - arena.start} bytes is too small`);
    }
    return pointer;
  };
}

export function createMachine(layout: MachineLayout): TileMachine {
  const { allocate: take, buffer, kernels } = layout;

  function bytes(byteLength: number): Pointer {
    const pointer = take(byteLength);
    // By eight bytes: filling shared memory byte by byte was a thirtieth of a TIES merge.
    new Float64Array(buffer, pointer, Math.ceil(byteLength / 8)).fill(0);
    return pointer;
  }
  function view(pointer: Pointer, count: number) {
    return kernels.numberBytes === 4
      ? new Float32Array(buffer, pointer, count)
      : new Float64Array(buffer, pointer, count);
  }
  const tile = () => take(tileBytes(layout.tileNumbers, kernels.numberBytes));
  const base = tile();
  return {
    kernels,
    base,
    decodeBase: (count) => layout.decodeBase?.(base, count),
    inputs: layout.inputs.map((input) => input({ base })),
    out: tile(),
    storedBf16: layout.storedBf16,
    storedDeltas: layout.storedDeltas,
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
