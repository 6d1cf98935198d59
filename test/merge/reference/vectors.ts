/** What the reference methods share: plain float64 loops over whole tensors. */

/** A tensor to merge, as the formulas see it. */
export interface Problem {
  readonly shape: readonly number[];
  readonly base: Float64Array | undefined;
  readonly models: readonly Float64Array[];
  /** Of each model: weight, density, gamma, epsilon, scale. */
  readonly own: readonly Readonly<Record<string, number>>[];
  readonly globals: Readonly<Record<string, number | boolean>>;
  /** How a task vector's numbers are stored: float32 unless an input is F64. */
  readonly store: (value: number) => number;
  /** For the methods that draw: which elements of each model are kept. */
  readonly kept?: readonly (readonly boolean[])[];
}

export interface Solution {
  readonly values: Float64Array;
  /** Sum of the magnitudes that were added up: what rounding errors are relative to. */
  readonly scale: Float64Array;
  /** Values that are right too, where a threshold is nearer than rounding can tell. */
  readonly also?: ReadonlyMap<number, number>;
}

export function solutionOf(
  count: number,
  at: (j: number) => [value: number, scale: number],
): Solution {
  const values = new Float64Array(count);
  const scale = new Float64Array(count);
  for (let j = 0; j < count; j++) {
    const [value, magnitude] = at(j);
    values[j] = value;
    scale[j] = magnitude;
  }
  return { values, scale };
}

export function sizeOf({ models }: Problem): number {
  return models[0]!.length;
}

export function numberIn(values: Readonly<Record<string, number | boolean>>, name: string): number {
  const value = values[name];
  if (typeof value !== 'number') throw new Error(`${name} is not given`);
  return value;
}

export function weightsOf({ own }: Problem): number[] {
  return own.map((parameters) => numberIn(parameters, 'weight'));
}

export function sumOf(values: Iterable<number>): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

export function taskVectors({ models, base, store }: Problem): Float64Array[] {
  if (!base) throw new Error('no base is given');
  return models.map((x) => Float64Array.from(x, (value, j) => store(value - base[j]!)));
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}

export function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}

/** sum_i c_i v_i [+ base] */
export function combine(
  vectors: readonly Float64Array[],
  coefficients: readonly number[],
  base?: Float64Array,
): Solution {
  return solutionOf(vectors[0]!.length, (j) => {
    let value = base ? base[j]! : 0;
    let scale = Math.abs(value);
    for (let i = 0; i < vectors.length; i++) {
      value += coefficients[i]! * vectors[i]![j]!;
      scale += Math.abs(coefficients[i]! * vectors[i]![j]!);
    }
    return [value, scale];
  });
}

/** Indexes by magnitude, the largest first; among equal ones the lowest index first. */
export function byMagnitude(v: Float64Array, store: (value: number) => number): number[] {
  const keys = Float64Array.from(v, (value) => Math.fround(store(Math.abs(value))));
  return Array.from(v.keys()).sort((a, b) => keys[b]! - keys[a]! || a - b);
}

/** Indexes by magnitude, the smallest first; among equal ones the lowest index first. */
export function bySmallness(v: Float64Array, store: (value: number) => number): number[] {
  const keys = Float64Array.from(v, (value) => Math.fround(store(Math.abs(value))));
  return Array.from(v.keys()).sort((a, b) => keys[a]! - keys[b]! || a - b);
}

/** Splits a tensor in its rows (last dimension). */
export function rowsOf(v: Float64Array, shape: readonly number[]): Float64Array[] {
  const width = shape.at(-1) ?? 1;
  if (v.length === 0) return [];
  return Array.from({ length: v.length / width }, (_, r) => v.subarray(r * width, (r + 1) * width));
}

export function joinRows(rows: readonly Solution[], count: number): Solution {
  const values = new Float64Array(count);
  const scale = new Float64Array(count);
  let at = 0;
  for (const row of rows) {
    values.set(row.values, at);
    scale.set(row.scale, at);
    at += row.values.length;
  }
  return { values, scale };
}
