/**
 * Methods on task vectors d_i = x_i - base, which differ in how they thin them out and how the
 * thinned vectors agree:
 *
 *   out = base + lambda * consensus_i(w_i, sparsify(d_i))
 *
 * The consensus is a weighted sum (divided by the sum of the weights under `normalize`) or the
 * elected sign of kernel/assembly/elect.ts.
 */

import type { Pointer } from '../../kernel/kernels.ts';
import type { TileMachine } from './machine.ts';
import {
  defineMethod,
  flagOf,
  type MergeMethod,
  numberOf,
  type ParameterSpecs,
  type Pass,
  type TensorMerge,
  type Tile,
  taskVectors,
  type Unit,
  type Vectors,
  writeOnBase,
} from './method.ts';

/** Brings the task vectors of a tile, thinned out. */
export type FillTile = (tile: Tile) => void;

export interface Sparsifier {
  readonly reads: number;
  readonly unit: (tensor: TensorMerge) => Unit;
  readonly wholeRows?: boolean;
  readonly scratchBytes?: (tensor: TensorMerge) => number;
  readonly check?: (tensor: TensorMerge) => readonly string[];
  /** May scan first; then says how a tile's vectors are brought and thinned out. */
  readonly prepare: (
    tensor: TensorMerge,
    machine: TileMachine,
    deltas: Vectors,
  ) => Generator<Pass, FillTile>;
}

export interface TaskVectorRule {
  readonly name: string;
  readonly sparsifier: Sparsifier;
  readonly consensus: 'sum' | 'elect';
  readonly normalize: boolean;
  readonly rescale: boolean;
  readonly modelParameters: ParameterSpecs;
}

/** Below this a sum of weights divides by 1 instead. */
const SMALLEST_DIVISOR = 1e-8;

export const WEIGHT: ParameterSpecs = {
  weight: { type: 'number', description: "The task vector's weight." },
};

export function defineTaskVectorMethod(rule: TaskVectorRule): MergeMethod {
  const { sparsifier } = rule;
  return defineMethod({
    name: rule.name,
    base: 'required',
    inputs: { min: 1 },
    modelParameters: rule.modelParameters,
    globalParameters: globalParameters(rule),
    reads: sparsifier.reads,
    unit: sparsifier.unit,
    wholeRows: () => sparsifier.wholeRows === true,
    scratchBytes: (tensor) => 4096 + (sparsifier.scratchBytes?.(tensor) ?? 0),
    check: (tensor) => [...checkDivisor(rule, tensor), ...(sparsifier.check?.(tensor) ?? [])],
    *passes(tensor, machine) {
      const deltas = taskVectors(machine);
      const fill = yield* sparsifier.prepare(tensor, machine, deltas);
      const combine = consensusOf(rule, tensor, machine, deltas.vectors);
      yield writeOnBase(machine, numberOf(tensor.globals, 'lambda'), (tile) => {
        fill(tile);
        combine(tile);
      });
    },
  });
}

function globalParameters(rule: TaskVectorRule): ParameterSpecs {
  return {
    normalize: {
      type: 'boolean',
      default: rule.normalize,
      description: 'Divide by the sum of the weights.',
    },
    rescale: {
      type: 'boolean',
      default: rule.rescale,
      description: 'Make up for the dropped elements by scaling the kept ones.',
    },
    lambda: {
      type: 'number',
      default: 1,
      description: 'Factor of the merged task vector.',
    },
    int8_mask: {
      type: 'boolean',
      default: false,
      description: 'No effect: masks are not stored.',
    },
  };
}

function weightsOf(tensor: TensorMerge): number[] {
  return tensor.models.map((model) => numberOf(model, 'weight'));
}

function checkDivisor(rule: TaskVectorRule, tensor: TensorMerge): string[] {
  if (rule.consensus === 'elect' || !flagOf(tensor.globals, 'normalize')) return [];
  const sum = sumOf(weightsOf(tensor));
  if (Math.abs(sum) >= SMALLEST_DIVISOR) return [];
  return [`the weights sum to ${sum}; they are not normalized`];
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Leaves the consensus at `machine.out`. */
function consensusOf(
  rule: TaskVectorRule,
  tensor: TensorMerge,
  machine: TileMachine,
  deltas: readonly Pointer[],
): (tile: Tile) => void {
  const { kernels, out } = machine;
  const list = machine.list(deltas);
  const weights = machine.numbers(weightsOf(tensor));
  const divisor = divisorOf(tensor);
  const k = deltas.length;
  if (rule.consensus === 'elect') {
    const normalize = flagOf(tensor.globals, 'normalize') ? 1 : 0;
    return ({ count }) => kernels.electSign(list, weights, weights, k, normalize, out, count);
  }
  return ({ count }) => {
    kernels.weightedSum(list, weights, k, out, count);
    if (divisor !== 1) kernels.divide(out, divisor, out, count);
  };
}

function divisorOf(tensor: TensorMerge): number {
  const sum = sumOf(weightsOf(tensor));
  const divides = flagOf(tensor.globals, 'normalize') && Math.abs(sum) >= SMALLEST_DIVISOR;
  return divides ? sum : 1;
}
