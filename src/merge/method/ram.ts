/**
 * ram: an element that only one task vector moves (by more than epsilon) is kept whole, one that
 * several move is their mean. ramplus_tl also amplifies the lone ones: those of vector i by
 * 1 + r min(shared_i / unique_i, alpha), the counts being of the elements that i moves with others
 * and alone.
 *
 * Yuan et al., "Behavior knowledge merge in reinforced agentic models", 2026 (arXiv 2601.13572).
 */

import type { TileMachine } from './machine.ts';
import {
  defineMethod,
  numberOf,
  type ParameterSpecs,
  type Pass,
  scan,
  type TensorMerge,
  taskVectors,
  type Vectors,
  writeOnBase,
} from './method.ts';

const EPSILON: ParameterSpecs = {
  epsilon: {
    type: 'number',
    default: 1e-5,
    description: 'An element counts as moved when it differs from the base by more than this.',
  },
};

const SHARED = { base: 'required', inputs: { min: 1 }, modelParameters: {} } as const;

export const ram = defineMethod({
  ...SHARED,
  name: 'ram',
  globalParameters: EPSILON,
  scratchBytes: () => 4096,
  *passes(tensor, machine) {
    const deltas = taskVectors(machine);
    yield mergePass(
      tensor,
      machine,
      deltas,
      deltas.vectors.map(() => 1),
    );
  },
});

export const ramplusTl = defineMethod({
  ...SHARED,
  name: 'ramplus_tl',
  globalParameters: {
    ...EPSILON,
    r: { type: 'number', default: 0.1, description: 'Strength of the amplification.' },
    alpha: { type: 'number', default: 0.2, description: 'Limit of shared / unique.' },
  },
  reads: 2,
  unit: () => 'tensor',
  scratchBytes: (tensor) => 4096 + tensor.models.length * 16,
  *passes(tensor, machine) {
    const deltas = taskVectors(machine);
    const k = deltas.vectors.length;
    const list = machine.list(deltas.vectors);
    const counts = machine.bytes(k * 16);
    const epsilon = numberOf(tensor.globals, 'epsilon');
    yield scan((tile) => {
      deltas.fill(tile);
      machine.kernels.countOverlap(list, k, epsilon, counts, tile.count);
    });
    const factors = amplification(
      machine.float64(counts, 2 * k),
      numberOf(tensor.globals, 'r'),
      numberOf(tensor.globals, 'alpha'),
    );
    yield mergePass(tensor, machine, deltas, factors);
  },
});

/** counts: for each vector the elements that it moves alone, then those that it moves with others. */
export function amplification(counts: ArrayLike<number>, r: number, alpha: number): number[] {
  return Array.from({ length: counts.length / 2 }, (_, i) => {
    const unique = counts[2 * i]!;
    const shared = counts[2 * i + 1]!;
    const overlap = unique > 0 ? shared / unique : 0;
    return 1 + r * Math.min(Math.max(overlap, 0), alpha);
  });
}

function mergePass(
  tensor: TensorMerge,
  machine: TileMachine,
  deltas: Vectors,
  factors: readonly number[],
): Pass {
  const { kernels, out } = machine;
  const list = machine.list(deltas.vectors);
  const alone = machine.numbers(factors);
  const epsilon = numberOf(tensor.globals, 'epsilon');
  return writeOnBase(machine, 1, (tile) => {
    deltas.fill(tile);
    kernels.mergeOverlap(list, alone, deltas.vectors.length, epsilon, out, tile.count);
  });
}
