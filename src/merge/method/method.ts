/**
 * What a merge method is: mathematics over tiles of numbers. It knows neither files nor threads nor
 * tensors as a whole; it is handed decoded tiles, in order, as often as it asks for a pass.
 *
 * Three shapes cover all methods: elementwise (one pass), Gram matrix, coefficients, combination
 * (gram.ts), and statistics, threshold, elementwise (select.ts).
 */

import type { Pointer } from '../../kernel/kernels.ts';
import type { TileMachine } from './machine.ts';

export interface ParameterSpec {
  readonly type: 'number' | 'integer' | 'boolean';
  /** Absent: the recipe must give it, unless `optional`. */
  readonly default?: number | boolean;
  readonly optional?: true;
  readonly description: string;
}

export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;
export type ParameterValues = Readonly<Record<string, number | boolean>>;

/** The key of one counter-based random stream (see kernel/assembly/random.ts). */
export interface RandomStream {
  readonly keyLow: number;
  readonly keyHigh: number;
}

/** All that a method may know about one output tensor. */
export interface TensorMerge {
  readonly name: string;
  readonly elementCount: number;
  /** Elements of the last dimension. */
  readonly rowLength: number;
  /** Whether the tensor has two dimensions or more; a vector is one row and one column. */
  readonly isMatrix: boolean;
  readonly hasBase: boolean;
  /** Parameters of each input, in the order of the recipe. */
  readonly models: readonly ParameterValues[];
  readonly globals: ParameterValues;
  /** One stream per input. */
  readonly streams: readonly RandomStream[];
}

/** Elements [start, start + count) of the tensor, which the machine's inputs now stand for. */
export interface Tile {
  readonly start: number;
  readonly count: number;
}

/** One sweep over the tensor; a writing pass leaves each tile's result at `machine.out`. */
export interface Pass {
  readonly writes: boolean;
  /** The pass encodes its results itself, to `machine.storedBf16`. */
  readonly stores?: true;
  /**
   * About how many elements are wanted: only the first tiles of every chunk are read. No result may
   * depend on which tiles these are.
   */
  readonly sampleNumbers?: number;
  readonly tile: (tile: Tile) => void;
}

export const scan = (tile: Pass['tile']): Pass => ({ writes: false, tile });
export const sample = (sampleNumbers: number, tile: Pass['tile']): Pass => ({
  writes: false,
  sampleNumbers,
  tile,
});
export const write = (tile: Pass['tile']): Pass => ({ writes: true, tile });

/**
 * `none`: a base model is no input by itself. `endpoint`: it is the first of the inputs.
 * `optional`: with a base the method works on task vectors. `required`: it always does.
 */
export type BaseRole = 'none' | 'endpoint' | 'optional' | 'required';

/**
 * The smallest piece of a tensor that can be merged by itself: `element` and `row` pieces may go to
 * different workers, `tensor` means that statistics of the whole are needed first.
 */
export type Unit = 'element' | 'row' | 'tensor';

export interface MergeMethod {
  readonly name: string;
  /** How many inputs, the base not counted (except as an endpoint). */
  readonly inputs: { readonly min: number; readonly max?: number };
  readonly base: BaseRole;
  readonly modelParameters: ParameterSpecs;
  readonly globalParameters: ParameterSpecs;
  readonly unit: (tensor: TensorMerge) => Unit;
  /** Whether tiles must be whole rows. */
  readonly wholeRows: (tensor: TensorMerge) => boolean;
  /** How often the inputs are read, by the reference; the bench measures its floor with it. */
  readonly reads: number;
  /** Bytes beyond tiles and chunks that `passes` will allocate, at the most. */
  readonly scratchBytes: (tensor: TensorMerge) => number;
  /** Refuses impossible parameters (bad_input); returns lines for the plan. */
  readonly check: (tensor: TensorMerge) => readonly string[];
  /** The passes, each asked for after the one before is complete; the last one writes. */
  readonly passes: (tensor: TensorMerge, machine: TileMachine) => Iterable<Pass>;
  /** True when the output equals the only input, so that bytes can be copied. */
  readonly isCopy?: (tensor: TensorMerge) => boolean;
}

type Optional = 'unit' | 'wholeRows' | 'scratchBytes' | 'check' | 'reads';

/** Fills in what most methods share: element by element, one read, no scratch, nothing to refuse. */
export function defineMethod(
  method: Omit<MergeMethod, Optional> & Partial<Pick<MergeMethod, Optional>>,
): MergeMethod {
  return {
    unit: () => 'element',
    wholeRows: () => false,
    scratchBytes: () => 0,
    check: () => [],
    reads: 1,
    ...method,
  };
}

export function numberOf(values: ParameterValues, name: string): number {
  const value = values[name];
  if (typeof value !== 'number') throw new Error(`parameter "${name}" was not resolved`);
  return value;
}

export function flagOf(values: ParameterValues, name: string): boolean {
  return values[name] === true;
}

/** Vectors of a tile, and the function that fills them for each tile. */
export interface Vectors {
  readonly vectors: readonly Pointer[];
  readonly fill: (tile: Tile) => void;
  /** Counts the keys of a vector by the shortest way, which may leave it unfilled. */
  readonly histogramKeys?: (
    vector: number,
    first: number,
    size: number,
    bins: Pointer,
    count: number,
  ) => number;
}

/** The inputs as they are. */
export function inputVectors({ inputs, tile }: TileMachine): Vectors {
  const vectors = inputs.map(() => tile());
  return {
    vectors,
    fill({ count }) {
      for (let i = 0; i < vectors.length; i++) inputs[i]!.decode(vectors[i]!, count);
    },
  };
}

/** The inputs' task vectors, x_i - base. */
export function taskVectors(machine: TileMachine): Vectors {
  const { inputs, tile, kernels, storedDeltas } = machine;
  const vectors = inputs.map(() => tile());
  if (storedDeltas) {
    const { input, base } = storedDeltas;
    return {
      vectors,
      fill({ count }) {
        vectors.forEach((vector, i) => {
          kernels.deltaBf16(input(i), base(), vector, count);
        });
      },
      histogramKeys: (i, first, size, bins, count) =>
        kernels.histogramDeltaKeys(input(i), base(), first, size, bins, count),
    };
  }
  return {
    vectors,
    fill({ count }) {
      machine.decodeBase(count);
      for (let i = 0; i < vectors.length; i++) inputs[i]!.decodeDelta(vectors[i]!, count);
    },
  };
}

/** sum_i weights[i] x_i / divisor of the inputs as they are, by the shortest way. */
export function writeWeightedSum(
  machine: TileMachine,
  { vectors, fill }: Vectors,
  weights: Pointer,
  divisor = 1,
): Pass {
  const { kernels, out, storedBf16 } = machine;
  const k = vectors.length;
  if (storedBf16) {
    const tile = ({ count }: Tile) =>
      kernels.weightedSumBf16(storedBf16.list, weights, k, divisor, storedBf16.out(), count);
    return { writes: true, stores: true, tile };
  }
  const list = machine.list(vectors);
  return write((tile) => {
    fill(tile);
    kernels.weightedSum(list, weights, k, out, tile.count);
    if (divisor !== 1) kernels.divide(out, divisor, out, tile.count);
  });
}

/** base + factor * what `fill` leaves at `machine.out`; `fill` has brought the task vectors. */
export function writeOnBase(machine: TileMachine, factor: number, fill: Pass['tile']): Pass {
  const { kernels, base, out, storedDeltas } = machine;
  if (storedDeltas) {
    const { base: storedBase, out: storedOut } = storedDeltas;
    const tile = (tile: Tile) => {
      fill(tile);
      kernels.addBaseBf16(out, factor, storedBase(), storedOut(), tile.count);
    };
    return { writes: true, stores: true, tile };
  }
  return write((tile) => {
    fill(tile);
    if (factor !== 1) kernels.scale(out, factor, out, tile.count);
    kernels.addScaled(base, 1, out, tile.count);
  });
}
