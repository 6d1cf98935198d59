/** The methods on angles, with the vectors as they are: no Gram matrix. */

import {
  combine,
  dot,
  joinRows,
  norm,
  numberIn,
  type Problem,
  rowsOf,
  type Solution,
  solutionOf,
  sumOf,
  taskVectors,
  weightsOf,
} from './vectors.ts';

export function slerp(problem: Problem): Solution {
  const [v0, v1] = [problem.base!, problem.models[0]!];
  const t = numberIn(problem.globals, 't');
  const unit = (v: Float64Array) => (norm(v) > 1e-8 ? norm(v) : 1);
  const cosine = dot(v0, v1) / unit(v0) / unit(v1);
  if (Math.abs(cosine) > 0.9995) return combine([v0, v1], [1 - t, t]);
  return combine([v0, v1], arc(Math.acos(cosine), t));
}

function arc(theta: number, t: number): number[] {
  return [Math.sin((1 - t) * theta) / Math.sin(theta), Math.sin(t * theta) / Math.sin(theta)];
}

export function nuslerp(problem: Problem): Solution {
  const { shape, globals, base } = problem;
  const vectors = base ? taskVectors(problem) : problem.models;
  const [w1, w2] = weightsOf(problem);
  const t = w1! + w2! === 0 ? 0.5 : w2! / (w1! + w2!);
  const one = (v0: Float64Array, v1: Float64Array, b?: Float64Array) => {
    const length = (v: Float64Array) => (norm(v) > 1e-8 ? norm(v) : 1);
    const cosine = Math.max(-1, Math.min(1, dot(v0, v1) / length(v0) / length(v1)));
    const theta = Math.acos(cosine);
    const flat = Math.abs(Math.sin(theta)) < 1e-6;
    return combine([v0, v1], flat ? [1 - t, t] : arc(theta, t), b);
  };
  const [a, b] = [vectors[0]!, vectors[1]!];
  if (globals.nuslerp_flatten !== false || shape.length < 2) return one(a, b, base);
  if (globals.nuslerp_row_wise === true) return byColumns(a, b, base, shape, one);
  const rows = rowsOf(a, shape).map((row, r) =>
    one(row, rowsOf(b, shape)[r]!, base && rowsOf(base, shape)[r]),
  );
  return joinRows(rows, a.length);
}

type PairRule = (v0: Float64Array, v1: Float64Array, base?: Float64Array) => Solution;

function byColumns(
  a: Float64Array,
  b: Float64Array,
  base: Float64Array | undefined,
  shape: readonly number[],
  one: PairRule,
): Solution {
  const width = shape.at(-1)!;
  const height = width === 0 ? 0 : a.length / width;
  const column = (v: Float64Array, c: number) =>
    Float64Array.from({ length: height }, (_, r) => v[r * width + c]!);
  const columns = Array.from({ length: width }, (_, c) =>
    one(column(a, c), column(b, c), base && column(base, c)),
  );
  return solutionOf(a.length, (j) => {
    const from = columns[j % width]!;
    const r = Math.floor(j / width);
    return [from.values[r]!, from.scale[r]!];
  });
}

export function multislerp(problem: Problem): Solution {
  const { globals, base } = problem;
  const vectors = base ? taskVectors(problem) : [...problem.models];
  let weights = weightsOf(problem);
  if (globals.normalize_weights !== false) {
    const sum = sumOf(weights);
    weights = weights.map((weight) => weight / sum);
  }
  const norms = vectors.map(norm);
  const eps = typeof globals.eps === 'number' ? globals.eps : 1e-8;
  const toUnit = weights.map((weight, i) => (norms[i]! > eps ? weight / norms[i]! : 0));
  const direction = norm(combine(vectors, toUnit).values);
  if (direction <= 1e-6) return combine(vectors, weights, base);
  const length = sumOf(weights.map((weight, i) => weight * norms[i]!));
  return combine(
    vectors,
    toUnit.map((weight) => (weight * length) / direction),
    base,
  );
}

/** The Karcher mean by iteration on the vectors themselves, until nothing moves. */
export function karcher({ models }: Problem): Solution {
  const norms = models.map(norm);
  const units = models.flatMap((v, i) =>
    norms[i]! > 1e-5 ? [Float64Array.from(v, (x) => x / norms[i]!)] : [],
  );
  const count = models[0]!.length;
  if (units.length === 0) return solutionOf(count, () => [0, 0]);
  let mean = normalized(
    combine(
      units,
      units.map(() => 1 / units.length),
    ).values,
  );
  for (let round = 0; round < 300; round++) {
    const tangent = new Float64Array(count);
    for (const unit of units) {
      const cosine = Math.max(-1, Math.min(1, dot(unit, mean)));
      const theta = Math.acos(cosine);
      const factor = theta < 1e-9 ? 1 : theta / Math.sin(theta);
      for (let j = 0; j < count; j++) {
        tangent[j]! += (factor * (unit[j]! - cosine * mean[j]!)) / units.length;
      }
    }
    const step = norm(tangent);
    if (step < 1e-12) break;
    const along = Math.sin(step) / step;
    mean = normalized(mean.map((m, j) => Math.cos(step) * m + along * tangent[j]!));
  }
  const length = sumOf(norms) / models.length;
  return solutionOf(count, (j) => [
    mean[j]! * length,
    length * Math.max(...units.map((unit) => Math.abs(unit[j]!)), Math.abs(mean[j]!)),
  ]);
}

function normalized(v: Float64Array): Float64Array {
  const length = norm(v);
  return v.map((x) => x / length);
}

export function modelStock(problem: Problem): Solution {
  const { shape, globals, base } = problem;
  const deltas = taskVectors(problem);
  if (globals.filter_wise !== true || shape.length < 2) return stock(deltas, base!);
  const rows = rowsOf(base!, shape).map((row, r) =>
    stock(
      deltas.map((delta) => rowsOf(delta, shape)[r]!),
      row,
    ),
  );
  return joinRows(rows, base!.length);
}

function stock(deltas: readonly Float64Array[], base: Float64Array): Solution {
  const n = deltas.length;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      const lengths = norm(deltas[i]!) * norm(deltas[j]!);
      if (lengths > 0) sum += dot(deltas[i]!, deltas[j]!) / lengths;
    }
  }
  const cosine = sum / ((n * (n - 1)) / 2);
  const denominator = 1 + (n - 1) * cosine;
  const t = Math.abs(denominator) < 1e-8 ? 0 : (n * cosine) / denominator;
  return combine(
    deltas,
    Array.from({ length: n }, () => t / n),
    base,
  );
}
