/**
 * Log-probabilities, from whatever a graph gives: its own, or its logits,
 *
 *   log p_i = x_i - m - log sum_j exp(x_j - m),   m = max x,   summed in float64.
 */

import type { Tensor } from 'onnxruntime-common';
import { decodeF16 } from '../../kernel/scalar/convert.ts';
import { hasPort, type Running } from './running.ts';

/** Of each row, at each of its last `places`. */
export interface Distributions {
  readonly places: number;
  /** Outcomes of one distribution. */
  readonly size: number;
  readonly at: (row: number, place: number, outcome: number) => number;
  /** [size], at one place of a row. */
  readonly whole: (row: number, place: number) => Float32Array;
  /** [rows][size], at the last place of each row. */
  readonly last: () => Float32Array;
}

/** The output that tells of distributions. */
export function distributionOutput({ outputs }: Running): 'log_probabilities' | 'logits' {
  return hasPort(outputs, 'log_probabilities') ? 'log_probabilities' : 'logits';
}

export function distributionsOf(running: Running, out: Readonly<Record<string, Tensor>>) {
  const name = distributionOutput(running);
  const tensor = out[name]!;
  return name === 'logits' ? ofLogits(tensor) : ofLogProbabilities(tensor);
}

/** [rows, size] or [rows, places, size] */
function sizesOf({ dims }: Tensor): { rows: number; places: number; size: number } {
  return { rows: dims[0]!, places: dims.length === 2 ? 1 : dims[1]!, size: dims.at(-1)! };
}

function ofLogProbabilities(tensor: Tensor): Distributions {
  const { rows, places, size } = sizesOf(tensor);
  const values = floatsOf(tensor);
  const rowAt = (row: number, place: number) => (row * places + place) * size;
  return {
    places,
    size,
    at: (row, place, outcome) => values[rowAt(row, place) + outcome]!,
    whole: (row, place) => values.subarray(rowAt(row, place), rowAt(row, place) + size),
    last() {
      if (places === 1) return values;
      const last = new Float32Array(rows * size);
      for (let row = 0; row < rows; row++) {
        const start = rowAt(row, places - 1);
        last.set(values.subarray(start, start + size), row * size);
      }
      return last;
    },
  };
}

function ofLogits(tensor: Tensor): Distributions {
  const { rows, places, size } = sizesOf(tensor);
  const logits = floatsOf(tensor);
  const rowOf = (row: number, place: number) => {
    const start = (row * places + place) * size;
    return logits.subarray(start, start + size);
  };
  const whole = (row: number, place: number) => {
    const values = rowOf(row, place);
    const total = logSumExp(values);
    return values.map((x) => x - total);
  };
  return {
    places,
    size,
    at(row, place, outcome) {
      const values = rowOf(row, place);
      return values[outcome]! - logSumExp(values);
    },
    whole,
    last() {
      const last = new Float32Array(rows * size);
      for (let row = 0; row < rows; row++) last.set(whole(row, places - 1), row * size);
      return last;
    },
  };
}

function logSumExp(values: Float32Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const x of values) most = Math.max(most, x);
  let sum = 0;
  for (const x of values) sum += Math.exp(x - most);
  return most + Math.log(sum);
}

/** Half precision comes as its bits where JavaScript has no type for it. */
export function floatsOf({ data }: Tensor): Float32Array {
  if (data instanceof Float32Array) return data;
  if (data instanceof Uint16Array) return Float32Array.from(data, decodeF16);
  return Float32Array.from(data as unknown as ArrayLike<number>);
}
