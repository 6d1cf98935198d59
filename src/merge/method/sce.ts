/**
 * sce: select the elements in which the task vectors vary most, weigh each vector by the mean of its
 * selected squares, and erase the minority signs:
 *
 *   out = base + sum_i w_i d_i / sum_i w_i over the d_i with the sign of sum_i d_i
 *
 * Wan et al., "FuseChat: knowledge fusion of chat models", 2024 (arXiv 2408.07990).
 */

import { badInput } from '../../errors.ts';
import type { TileMachine } from './machine.ts';
import {
  defineMethod,
  numberOf,
  type Pass,
  scan,
  type TensorMerge,
  type Tile,
  taskVectors,
  type Vectors,
  writeOnBase,
} from './method.ts';
import { type Cut, selectCuts, selectScratchBytes } from './select.ts';
import { keepLargest } from './trim.ts';

/** Below this sum of mean squares the vectors weigh the same. */
const SMALLEST_ENERGY = 1e-6;

export const sce = defineMethod({
  name: 'sce',
  base: 'required',
  inputs: { min: 1 },
  modelParameters: {},
  globalParameters: {
    select_topk: {
      type: 'number',
      default: 1,
      description: 'Share of the varying elements that is kept, between 0 and 1.',
    },
    int8_mask: {
      type: 'boolean',
      default: false,
      description: 'No effect: masks are not stored.',
    },
  },
  reads: 3,
  unit: () => 'tensor',
  scratchBytes: (tensor) => selectScratchBytes(1, 1) + 4096 + tensor.models.length * 16,
  check(tensor) {
    const share = numberOf(tensor.globals, 'select_topk');
    if (share >= 0 && share <= 1) return [];
    throw badInput(`tensor "${tensor.name}": select_topk is ${share}, not between 0 and 1`);
  },
  *passes(tensor, machine) {
    const deltas = taskVectors(machine);
    const selection = yield* selectVarying(tensor, machine, deltas);
    const energies = yield* meanSquares(tensor, machine, deltas, selection());
    const { kernels, out } = machine;
    const k = deltas.vectors.length;
    const list = machine.list(deltas.vectors);
    const votes = machine.numbers(deltas.vectors.map(() => 1));
    const weights = machine.numbers(weightsOf(energies));
    const select = selection();
    yield writeOnBase(machine, 1, (tile) => {
      deltas.fill(tile);
      select(tile);
      kernels.electSign(list, votes, weights, k, 1, out, tile.count);
    });
  },
});

export function weightsOf(energies: readonly number[]): number[] {
  const sum = energies.reduce((a, b) => a + b, 0);
  return energies.map((energy) => (sum < SMALLEST_ENERGY ? 1 / energies.length : energy / sum));
}

/** Finds the cut on the variance; each call of the result makes a fresh selection. */
function* selectVarying(
  tensor: TensorMerge,
  machine: TileMachine,
  deltas: Vectors,
): Generator<Pass, () => (tile: Tile) => void> {
  const share = numberOf(tensor.globals, 'select_topk');
  if (share === 1) return () => () => {};
  const list = machine.list(deltas.vectors);
  const spread = machine.tile();
  const measure = ({ count }: Tile) => {
    machine.kernels.variance(list, deltas.vectors.length, spread, count);
  };
  const [cuts] = yield* selectCuts(machine, {
    vectors: [spread],
    elementCount: tensor.elementCount,
    countsZeros: true,
    fill(tile) {
      deltas.fill(tile);
      measure(tile);
    },
    ranks(_vector, nonzero) {
      const kept = Math.floor(share * nonzero);
      return kept > 0 ? [{ largest: kept }] : [];
    },
  });
  return () => trimBy(machine, deltas, spread, measure, cuts?.[0]);
}

function trimBy(
  machine: TileMachine,
  { vectors }: Vectors,
  spread: number,
  measure: (tile: Tile) => void,
  cut: Cut | undefined,
): (tile: Tile) => void {
  if (!cut) {
    return ({ count }) => {
      for (const delta of vectors) machine.view(delta, count).fill(0);
    };
  }
  const trims = vectors.map(() => keepLargest(machine.kernels, cut));
  return (tile) => {
    measure(tile);
    vectors.forEach((delta, i) => {
      trims[i]!.apply(spread, delta, tile.count);
    });
  };
}

function* meanSquares(
  tensor: TensorMerge,
  machine: TileMachine,
  deltas: Vectors,
  select: (tile: Tile) => void,
): Generator<Pass, number[]> {
  const sums = deltas.vectors.map(() => 0);
  yield scan((tile) => {
    deltas.fill(tile);
    select(tile);
    deltas.vectors.forEach((delta, i) => {
      sums[i]! += machine.kernels.dot(delta, delta, tile.count);
    });
  });
  return sums.map((sum) => sum / Math.max(1, tensor.elementCount));
}
