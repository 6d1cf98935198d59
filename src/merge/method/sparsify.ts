/** How task vectors are thinned out; the methods that use them name the papers. */

import { badInput } from '../../errors.ts';
import { type Pointer, RANDOM_SCRATCH_BYTES, rankScratchBytes } from '../../kernel/kernels.ts';
import type { StoredDeltas, TileMachine } from './machine.ts';
import {
  flagOf,
  numberOf,
  type ParameterSpecs,
  type Pass,
  type RandomStream,
  scan,
  type TensorMerge,
  type Vectors,
} from './method.ts';
import { type Cut, type Rank, selectCuts, selectScratchBytes } from './select.ts';
import { type FillTile, type Sparsifier, WEIGHT } from './taskVector.ts';
import { dropLargest, dropSmallest, keepLargest, type Trim, trimStored } from './trim.ts';

export const WEIGHT_AND_DENSITY: ParameterSpecs = {
  ...WEIGHT,
  density: {
    type: 'number',
    default: 1,
    description: 'Share of the elements that are kept, between 0 and 1.',
  },
};

function densities(tensor: TensorMerge): number[] {
  return tensor.models.map((model) => numberOf(model, 'density'));
}

function checkDensities(tensor: TensorMerge): void {
  for (const density of densities(tensor)) {
    if (density >= 0 && density <= 1) continue;
    throw badInput(`tensor "${tensor.name}": density is ${density}, not between 0 and 1`);
  }
}

/** Keeps everything. */
export const keepAll: Sparsifier = {
  reads: 1,
  unit: () => 'element',
  *prepare(_tensor, _machine, deltas) {
    return (tile) => deltas.fill(tile);
  },
};

/** Keeps the floor(density n) largest magnitudes of each task vector. */
export const keepLargestShare: Sparsifier = {
  reads: 2,
  unit: (tensor) => (densities(tensor).every(isAll) && !rescales(tensor) ? 'element' : 'tensor'),
  scratchBytes: (tensor) => selectScratchBytes(tensor.models.length, 1),
  check(tensor) {
    checkDensities(tensor);
    return densities(tensor).flatMap((density, i) => {
      const kept = Math.floor(density * tensor.elementCount);
      if (density === 0 || kept > 0 || tensor.elementCount === 0) return [];
      return [`density ${density} of ${tensor.elementCount} elements keeps none of input ${i + 1}`];
    });
  },
  *prepare(tensor, machine, deltas) {
    const kept = densities(tensor).map((density) => Math.floor(density * tensor.elementCount));
    const cuts = yield* cutsFor(tensor, machine, deltas, (i) =>
      kept[i]! > 0 && kept[i]! < tensor.elementCount ? [{ largest: kept[i]! }] : [],
    );
    const start = () =>
      trimmed(machine, deltas, (i) => {
        if (kept[i] === 0) return 'nothing kept';
        return (cuts[i] ?? []).map((cut) => keepLargest(machine.kernels, cut));
      });
    return yield* rescaled(tensor, machine, deltas, start);
  },
};

const isAll = (density: number) => density === 1;

function rescales(tensor: TensorMerge): boolean {
  return flagOf(tensor.globals, 'rescale');
}

function* cutsFor(
  tensor: TensorMerge,
  machine: TileMachine,
  deltas: Vectors,
  ranks: (vector: number) => readonly Rank[],
): Generator<Pass, readonly (readonly Cut[])[]> {
  if (deltas.vectors.every((_, i) => ranks(i).length === 0)) return deltas.vectors.map(() => []);
  return yield* selectCuts(machine, { ...deltas, elementCount: tensor.elementCount, ranks });
}

/** The trims of each vector, made anew for each scan, since they count from the first tile. */
type TrimsOf = (vector: number) => readonly Trim[] | 'nothing kept';

function trimmed(machine: TileMachine, { vectors, fill }: Vectors, trimsOf: TrimsOf): FillTile {
  const { storedDeltas } = machine;
  const all = vectors.map((_, i) => trimsOf(i));
  if (storedDeltas) {
    const steps = all.map((trims, i) =>
      trims === 'nothing kept'
        ? zeroTile(machine, vectors[i]!)
        : trimStored(machine, storedDeltas, i, vectors[i]!, trims),
    );
    return (tile) => {
      for (const step of steps) step(tile);
    };
  }
  const steps = all.map((trims, i) =>
    trims === 'nothing kept'
      ? zeroTile(machine, vectors[i]!)
      : trimInPlace(machine, vectors[i]!, trims),
  );
  return (tile) => {
    fill(tile);
    for (const step of steps) step(tile);
  };
}

function zeroTile(machine: TileMachine, target: Pointer): FillTile {
  return ({ count }) => {
    machine.view(target, count).fill(0);
  };
}

function trimInPlace(machine: TileMachine, target: Pointer, trims: readonly Trim[]): FillTile {
  if (trims.length < 2) {
    return ({ count }) => {
      for (const trim of trims) trim.apply(target, target, count);
    };
  }
  const magnitudes = machine.tile();
  return ({ count }) => {
    machine.kernels.scale(target, 1, magnitudes, count);
    for (const trim of trims) trim.apply(magnitudes, target, count);
  };
}

/**
 * Under `rescale` one more scan measures sum |d| / sum |kept d| of each vector, by which the kept
 * elements are then multiplied. `start` makes a fresh thinning, which counts from the first tile.
 */
function* rescaled(
  tensor: TensorMerge,
  machine: TileMachine,
  deltas: Vectors,
  start: () => FillTile,
): Generator<Pass, FillTile> {
  if (!rescales(tensor)) return start();
  const { kernels } = machine;
  const sums = deltas.vectors.map(() => ({ all: 0, kept: 0 }));
  const measured = start();
  const addTo = (part: 'all' | 'kept', count: number) => {
    sums.forEach((sum, i) => {
      sum[part] += kernels.sumMagnitudes(deltas.vectors[i]!, count);
    });
  };
  yield scan((tile) => {
    deltas.fill(tile);
    addTo('all', tile.count);
    measured(tile);
    addTo('kept', tile.count);
  });
  const factors = sums.map(({ all, kept }) => (kept > 0 ? all / kept : 1));
  const fill = start();
  return (tile) => {
    fill(tile);
    deltas.vectors.forEach((delta, i) => {
      kernels.scale(delta, factors[i]!, delta, tile.count);
    });
  };
}

/** Keeps each element with probability density; under `rescale` divides by it. */
export const dropAtRandom: Sparsifier = {
  reads: 1,
  unit: () => 'element',
  scratchBytes: () => RANDOM_SCRATCH_BYTES,
  check(tensor) {
    checkDensities(tensor);
    return [];
  },
  *prepare(tensor, machine, deltas) {
    const words = machine.bytes(RANDOM_SCRATCH_BYTES);
    const draws = tensor.models.map((_, i) => drawOf(tensor, i));
    return machine.storedDeltas
      ? drawStored(machine, machine.storedDeltas, deltas.vectors, draws, words)
      : drawInPlace(machine, deltas, draws, words);
  },
};

const TWO_TO_32 = 2 ** 32;

interface Draw extends RandomStream {
  /** Elements are kept with probability threshold / 2^32, and then multiplied. */
  readonly threshold: number;
  readonly factor: number;
}

function drawOf(tensor: TensorMerge, input: number): Draw {
  const density = numberOf(tensor.models[input]!, 'density');
  const threshold = Math.round(density * TWO_TO_32);
  const scales = rescales(tensor) && density > 0 && threshold < TWO_TO_32;
  return { ...tensor.streams[input]!, threshold, factor: scales ? 1 / density : 1 };
}

function drawStored(
  { kernels }: TileMachine,
  { input, base }: StoredDeltas,
  vectors: readonly Pointer[],
  draws: readonly Draw[],
  words: Pointer,
): FillTile {
  return ({ start, count }) => {
    draws.forEach(({ keyLow, keyHigh, threshold, factor }, i) => {
      const [x, b, to] = [input(i), base(), vectors[i]!];
      if (threshold >= TWO_TO_32) kernels.deltaBf16(x, b, to, count);
      else {
        kernels.deltaAtRandomBf16(
          x,
          b,
          keyLow,
          keyHigh,
          start,
          threshold,
          factor,
          words,
          to,
          count,
        );
      }
    });
  };
}

function drawInPlace(
  { kernels }: TileMachine,
  { vectors, fill }: Vectors,
  draws: readonly Draw[],
  words: Pointer,
): FillTile {
  return (tile) => {
    fill(tile);
    draws.forEach(({ keyLow, keyHigh, threshold, factor }, i) => {
      const [delta, count] = [vectors[i]!, tile.count];
      if (threshold >= TWO_TO_32) return;
      kernels.dropRandomly(delta, keyLow, keyHigh, tile.start, threshold, words, count);
      if (factor !== 1) kernels.scale(delta, factor, delta, count);
    });
  };
}

export const WEIGHT_DENSITY_EPSILON: ParameterSpecs = {
  ...WEIGHT_AND_DENSITY,
  epsilon: {
    type: 'number',
    default: 0.15,
    description: 'Keep probabilities reach from density - epsilon to density + epsilon.',
  },
};

/** Keeps an element with a probability that grows with the rank of its magnitude in its row. */
export const dropByRank: Sparsifier = {
  reads: 1,
  unit: () => 'row',
  wholeRows: true,
  scratchBytes: (tensor) => RANDOM_SCRATCH_BYTES + rankScratchBytes(tensor.rowLength),
  check(tensor) {
    for (const model of tensor.models) {
      const density = numberOf(model, 'density');
      const epsilon = numberOf(model, 'epsilon');
      if (isDense(density, epsilon)) continue;
      if (density - epsilon > 0 && density + epsilon < 1 && epsilon >= 0) continue;
      throw badInput(
        `tensor "${tensor.name}": density ${density} with epsilon ${epsilon} gives keep ` +
          `probabilities from ${density - epsilon} to ${density + epsilon}, not within (0, 1)`,
      );
    }
    return tensor.models.some((m) => isDense(numberOf(m, 'density'), numberOf(m, 'epsilon')))
      ? ['density 1 keeps every element, whatever epsilon is']
      : [];
  },
  *prepare(tensor, machine, { vectors, fill }) {
    const words = machine.bytes(RANDOM_SCRATCH_BYTES);
    const scratch = machine.bytes(rankScratchBytes(tensor.rowLength));
    const probabilities = machine.tile();
    const steps = vectors.map((delta, i) =>
      rankStep(machine, tensor, i, { delta, probabilities, words, scratch }),
    );
    return (tile) => {
      fill(tile);
      for (const step of steps) step(tile);
    };
  },
};

/** Density 1 is the recipe's default: nothing is to be dropped. */
function isDense(density: number, epsilon: number): boolean {
  return density === 1 && epsilon >= 0;
}

interface RankMemory {
  readonly delta: number;
  readonly probabilities: number;
  readonly words: number;
  readonly scratch: number;
}

function rankStep(
  machine: TileMachine,
  tensor: TensorMerge,
  input: number,
  { delta, probabilities, words, scratch }: RankMemory,
): FillTile {
  const { kernels } = machine;
  const density = numberOf(tensor.models[input]!, 'density');
  const epsilon = numberOf(tensor.models[input]!, 'epsilon');
  if (isDense(density, epsilon)) return () => {};
  const { keyLow, keyHigh } = tensor.streams[input]!;
  const row = tensor.rowLength;
  const low = row > 1 ? density - epsilon : density;
  const step = row > 1 ? (2 * epsilon) / (row - 1) : 0;
  const divide = rescales(tensor) ? 1 : 0;
  return ({ start, count }) => {
    for (let offset = 0; offset < count; offset += row) {
      const at = offset * kernels.numberBytes;
      kernels.rankLinear(delta + at, low, step, probabilities + at, scratch, row);
    }
    kernels.dropByProbability(delta, probabilities, keyLow, keyHigh, start, words, divide, count);
  };
}

export const WEIGHT_DENSITY_GAMMA: ParameterSpecs = {
  ...WEIGHT_AND_DENSITY,
  gamma: {
    type: 'number',
    default: 0.01,
    description: 'Share of the elements, the largest, that is dropped as outliers.',
  },
};

/** Drops the floor(gamma n) largest and as many of the smallest as leave floor(density n). */
export const keepBand: Sparsifier = {
  reads: 2,
  unit: () => 'tensor',
  scratchBytes: (tensor) => selectScratchBytes(tensor.models.length, 2),
  check(tensor) {
    checkDensities(tensor);
    for (const model of tensor.models) {
      const gamma = numberOf(model, 'gamma');
      if (gamma >= 0 && gamma <= 1) continue;
      throw badInput(`tensor "${tensor.name}": gamma is ${gamma}, not between 0 and 1`);
    }
    return [];
  },
  *prepare(tensor, machine, deltas) {
    const bands = tensor.models.map((model) => bandOf(model, tensor.elementCount));
    const cuts = yield* cutsFor(tensor, machine, deltas, (i) => ranksOf(bands[i]!));
    const start = () => trimmed(machine, deltas, (i) => bandTrims(machine, bands[i]!, cuts[i]!));
    return yield* rescaled(tensor, machine, deltas, start);
  },
};

interface Band {
  readonly top: number;
  readonly bottom: number;
}

export function bandOf(model: TensorMerge['models'][number], elementCount: number): Band {
  const kept = Math.floor(numberOf(model, 'density') * elementCount);
  const top = Math.floor(numberOf(model, 'gamma') * elementCount);
  const bottom = elementCount - kept - top;
  return bottom < 0 ? { top: top + bottom, bottom: 0 } : { top, bottom };
}

function ranksOf({ top, bottom }: Band): Rank[] {
  return [...(top > 0 ? [{ largest: top }] : []), ...(bottom > 0 ? [{ smallest: bottom }] : [])];
}

function bandTrims(machine: TileMachine, { top, bottom }: Band, cuts: readonly Cut[]): Trim[] {
  const [first, second] = cuts;
  if (!first) return [];
  const upper = top > 0 ? [dropLargest(machine.kernels, first)] : [];
  const lower = top > 0 ? second : first;
  return bottom > 0 && lower ? [...upper, dropSmallest(machine.kernels, lower)] : upper;
}
