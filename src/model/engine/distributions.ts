/** Distributions over labels or tokens, as graphs give them: see logProbabilities.ts. */

import type { Tensor } from 'onnxruntime-common';
import { decodeF16 } from '../../kernel/scalar/convert.ts';
import { LOG_NORMALIZERS, LOG_PROBABILITIES } from './logProbabilities.ts';

/** Outputs that a graph is asked for, to get the distributions. */
export const DISTRIBUTION_OUTPUTS: readonly string[] = [LOG_PROBABILITIES, LOG_NORMALIZERS];

/** What comes next in each row. */
export interface NextTokens {
  /** [rows][outcomes] */
  readonly logProbabilities: Float32Array;
  /** [rows]: what was taken off the logits. */
  readonly logNormalizers: Float32Array;
}

type Outputs = Readonly<Record<string, Tensor>>;

/** At the last place of each row. */
export function lastDistributions(out: Outputs): NextTokens {
  return {
    logProbabilities: lastPlaces(out[LOG_PROBABILITIES]!),
    logNormalizers: lastPlaces(out[LOG_NORMALIZERS]!),
  };
}

/** [rows, size] as it is; of [rows, places, size] the last place. */
export function lastPlaces(tensor: Tensor): Float32Array {
  const values = floatsOf(tensor);
  const { rows, places, size } = sizesOf(tensor);
  if (places === 1) return values;
  const last = new Float32Array(rows * size);
  for (let row = 0; row < rows; row++) {
    const end = (row + 1) * places * size;
    last.set(values.subarray(end - size, end), row * size);
  }
  return last;
}

function sizesOf({ dims }: Tensor): { rows: number; places: number; size: number } {
  return { rows: dims[0]!, places: dims.length === 2 ? 1 : dims[1]!, size: dims.at(-1)! };
}

export interface PlacedDistributions {
  readonly places: number;
  /** Outcomes of one distribution. */
  readonly size: number;
  readonly at: (row: number, place: number, outcome: number) => number;
  /** [size], at one place of a row. */
  readonly whole: (row: number, place: number) => Float32Array;
}

/** At each place of each row. */
export function allDistributions(out: Outputs): PlacedDistributions {
  const tensor = out[LOG_PROBABILITIES]!;
  const values = floatsOf(tensor);
  const { places, size } = sizesOf(tensor);
  const start = (row: number, place: number) => (row * places + place) * size;
  return {
    places,
    size,
    at: (row, place, outcome) => values[start(row, place) + outcome]!,
    whole: (row, place) => values.subarray(start(row, place), start(row, place) + size),
  };
}

/** Half precision comes as its bits where JavaScript has no type for it. */
export function floatsOf({ data }: Tensor): Float32Array {
  if (data instanceof Float32Array) return data;
  if (data instanceof Uint16Array) return Float32Array.from(data, decodeF16);
  return Float32Array.from(data as unknown as ArrayLike<number>);
}
