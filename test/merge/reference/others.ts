/** The methods that are neither on angles nor task vectors with weights. */

import {
  combine,
  dot,
  numberIn,
  type Problem,
  rowsOf,
  type Solution,
  sizeOf,
  solutionOf,
  sumOf,
  taskVectors,
  weightsOf,
} from './vectors.ts';

export function linear(problem: Problem): Solution {
  const weights = weightsOf(problem);
  const divisor = problem.globals.normalize === false ? 1 : sumOf(weights);
  return combine(
    problem.models,
    weights.map((weight) => weight / divisor),
  );
}

export function passthrough({ models, own }: Problem): Solution {
  return combine(models, [own[0]!.scale ?? 1]);
}

export function nearswap({ base, models, globals }: Problem): Solution {
  const t = numberIn(globals, 't');
  return solutionOf(base!.length, (j) => {
    const [b, x] = [base![j]!, models[0]![j]!];
    const distance = Math.abs(b - x);
    const share = distance === 0 ? 1 : Math.min(1, t / distance);
    return [(1 - share) * b + share * x, Math.abs(b) + Math.abs(x)];
  });
}

export function ram(problem: Problem): Solution {
  return overlap(
    problem,
    problem.models.map(() => 1),
  );
}

export function ramplusTl(problem: Problem): Solution {
  const epsilon = problem.store(epsilonOf(problem));
  const deltas = taskVectors(problem);
  const { r = 0.1, alpha = 0.2 } = problem.globals as Record<string, number>;
  const factors = deltas.map((delta, i) => {
    let shared = 0;
    let unique = 0;
    for (let j = 0; j < delta.length; j++) {
      if (Math.abs(delta[j]!) <= epsilon) continue;
      const others = deltas.some((other, o) => o !== i && Math.abs(other[j]!) > epsilon);
      if (others) shared += 1;
      else unique += 1;
    }
    return 1 + r * Math.min(alpha, Math.max(0, unique > 0 ? shared / unique : 0));
  });
  return overlap(problem, factors);
}

function epsilonOf({ globals }: Problem): number {
  return typeof globals.epsilon === 'number' ? globals.epsilon : 1e-5;
}

function overlap(problem: Problem, alone: readonly number[]): Solution {
  const epsilon = problem.store(epsilonOf(problem));
  const deltas = taskVectors(problem);
  return solutionOf(sizeOf(problem), (j) => {
    const moved = deltas.flatMap((delta, i) => (Math.abs(delta[j]!) > epsilon ? [i] : []));
    const base = problem.base![j]!;
    let sum = 0;
    let scale = 0;
    for (const i of moved) {
      const share = deltas[i]![j]! * (moved.length === 1 ? alone[i]! : 1 / moved.length);
      sum += share;
      scale += Math.abs(share);
    }
    return [base + sum, Math.abs(base) + scale];
  });
}

export function sce(problem: Problem): Solution {
  const deltas = taskVectors(problem);
  const n = sizeOf(problem);
  const topk = typeof problem.globals.select_topk === 'number' ? problem.globals.select_topk : 1;
  if (topk < 1) keepVarying(deltas, topk);
  const energies = deltas.map((delta) => dot(delta, delta) / n);
  const total = sumOf(energies);
  const weights = energies.map((energy) => (total < 1e-6 ? 1 / deltas.length : energy / total));
  return solutionOf(n, (j) => {
    const balance = sumOf(deltas.map((delta) => delta[j]!));
    let value = 0;
    let scale = 0;
    let divisor = 0;
    deltas.forEach((delta, i) => {
      const d = delta[j]!;
      if (d === 0 || d < 0 !== balance < 0) return;
      value += weights[i]! * d;
      scale += Math.abs(weights[i]! * d);
      divisor += weights[i]!;
    });
    if (divisor === 0) divisor = 1;
    const base = problem.base![j]!;
    return [base + value / divisor, Math.abs(base) + scale / divisor];
  });
}

/** Zeroes all but the floor(topk * nonzero) elements of largest population variance. */
function keepVarying(deltas: readonly Float64Array[], topk: number): void {
  const n = deltas[0]!.length;
  const k = deltas.length;
  const variance = Float64Array.from({ length: n }, (_, j) => {
    const mean = sumOf(deltas.map((delta) => delta[j]!)) / k;
    return sumOf(deltas.map((delta) => (delta[j]! - mean) ** 2)) / k;
  });
  const nonzero = variance.filter((value) => value > 0).length;
  const order = Array.from(variance.keys()).sort((a, b) => variance[b]! - variance[a]! || a - b);
  for (const j of order.slice(Math.floor(topk * nonzero))) {
    for (const delta of deltas) delta[j] = 0;
  }
}

export function arceeFusion(problem: Problem): Solution {
  const { base, models, shape } = problem;
  const x = models[0]!;
  const n = x.length;
  const [delta] = taskVectors(problem);
  const xRows = rowsOf(x, shape);
  const divergences = rowsOf(base!, shape).map((row, r) => divergence(xRows[r]!, row));
  const width = shape.at(-1) ?? 1;
  const importance = delta!.map((d, j) =>
    Math.fround(Math.abs(d) * divergences[Math.floor(j / width)]!),
  );
  const sorted = Float64Array.from(importance).sort();
  const quantile = (q: number) => sorted[Math.floor(q * (n - 1))]!;
  const threshold = quantile(0.5) + 1.5 * (quantile(0.75) - quantile(0.25));
  const also = new Map<number, number>();
  const solution = solutionOf(n, (j) => {
    const kept = importance[j]! >= threshold;
    const [with_, without] = [base![j]! + delta![j]!, base![j]!];
    if (Math.abs(importance[j]! - threshold) <= 1e-6 * threshold)
      also.set(j, kept ? without : with_);
    return [kept ? with_ : without, Math.abs(base![j]!) + Math.abs(delta![j]!)];
  });
  return { ...solution, also };
}

function softmax(row: Float64Array): Float64Array {
  let top = Number.NEGATIVE_INFINITY;
  for (const value of row) top = Math.max(top, value);
  const exps = row.map((value) => Math.exp(value - top));
  const sum = sumOf(exps);
  return exps.map((value) => value / sum + 1e-8);
}

function divergence(x: Float64Array, base: Float64Array): number {
  const [p, q] = [softmax(x), softmax(base)];
  return sumOf(p.map((value, j) => value * Math.log(value / q[j]!)));
}
