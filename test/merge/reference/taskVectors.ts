/** The methods on task vectors: sparsify, agree, add to the base. */

import {
  byMagnitude,
  bySmallness,
  numberIn,
  type Problem,
  type Solution,
  sizeOf,
  solutionOf,
  sumOf,
  taskVectors,
  weightsOf,
} from './vectors.ts';

type Sparsify = (problem: Problem, deltas: readonly Float64Array[]) => Float64Array[];

const keepAll: Sparsify = (_problem, deltas) => [...deltas];

/** Multiplies what is kept so that the sum of magnitudes is that of all. */
function rescaled(problem: Problem, all: Float64Array, kept: Float64Array): Float64Array {
  if (problem.globals.rescale !== true) return kept;
  const total = (v: Float64Array) => sumOf(v.map(Math.abs));
  const factor = total(kept) > 0 ? total(all) / total(kept) : 1;
  return kept.map((value) => value * factor);
}

const keepLargest: Sparsify = (problem, deltas) =>
  deltas.map((delta, i) => {
    const count = Math.floor(numberIn(problem.own[i]!, 'density') * delta.length);
    const kept = new Float64Array(delta.length);
    for (const j of byMagnitude(delta, problem.store).slice(0, count)) kept[j] = delta[j]!;
    return rescaled(problem, delta, kept);
  });

const keepBand: Sparsify = (problem, deltas) =>
  deltas.map((delta, i) => {
    const n = delta.length;
    const own = problem.own[i]!;
    let top = Math.floor(numberIn(own, 'gamma') * n);
    let bottom = n - Math.floor(numberIn(own, 'density') * n) - top;
    if (bottom < 0) {
      top += bottom;
      bottom = 0;
    }
    const kept = Float64Array.from(delta);
    for (const j of byMagnitude(delta, problem.store).slice(0, top)) kept[j] = 0;
    for (const j of bySmallness(delta, problem.store).slice(0, bottom)) kept[j] = 0;
    return rescaled(problem, delta, kept);
  });

const keepDrawn: Sparsify = (problem, deltas) =>
  deltas.map((delta, i) => {
    const density = numberIn(problem.own[i]!, 'density');
    const factor = problem.globals.rescale === false ? 1 : 1 / density;
    return delta.map((value, j) => (problem.kept![i]![j] ? value * factor : 0));
  });

const keepByRank: Sparsify = (problem, deltas) =>
  deltas.map((delta, i) => {
    const chance = keepChances(problem, delta, i);
    const divide = problem.globals.rescale !== false;
    return delta.map((value, j) => (problem.kept![i]![j] ? value / (divide ? chance[j]! : 1) : 0));
  });

/** Linear in the rank of the magnitude within the row, from density - epsilon to density + epsilon. */
export function keepChances(problem: Problem, delta: Float64Array, model: number): Float64Array {
  const density = numberIn(problem.own[model]!, 'density');
  const epsilon = numberIn(problem.own[model]!, 'epsilon');
  const width = problem.shape.at(-1) ?? 1;
  const chances = new Float64Array(delta.length);
  for (let start = 0; start < delta.length; start += width) {
    const row = delta.subarray(start, start + width);
    bySmallness(row, problem.store).forEach((j, rank) => {
      const share = width > 1 ? rank / (width - 1) : 0.5;
      chances[start + j] = density - epsilon + 2 * epsilon * share;
    });
  }
  return chances;
}

function summed(sparsify: Sparsify, normalizes: boolean) {
  return (problem: Problem): Solution => {
    const vectors = sparsify(problem, taskVectors(problem));
    const weights = weightsOf(problem);
    const normalize = (problem.globals.normalize ?? normalizes) === true;
    const sum = sumOf(weights);
    const divisor = normalize && Math.abs(sum) >= 1e-8 ? sum : 1;
    return onBase(problem, (j) => {
      let value = 0;
      let scale = 0;
      for (let i = 0; i < vectors.length; i++) {
        value += weights[i]! * vectors[i]![j]!;
        scale += Math.abs(weights[i]! * vectors[i]![j]!);
      }
      return [value / divisor, scale / Math.abs(divisor)];
    });
  };
}

function elected(sparsify: Sparsify, normalizes: boolean) {
  return (problem: Problem): Solution => {
    const vectors = sparsify(problem, taskVectors(problem));
    const weights = weightsOf(problem);
    const normalize = (problem.globals.normalize ?? normalizes) === true;
    const consensus = (j: number, isNegative: boolean): [number, number] => {
      let value = 0;
      let divisor = 0;
      let scale = 0;
      for (let i = 0; i < vectors.length; i++) {
        const vote = weights[i]! * vectors[i]![j]!;
        if (vote === 0 || vote < 0 !== isNegative) continue;
        value += vote;
        scale += Math.abs(vote);
        divisor += weights[i]!;
      }
      if (!normalize || divisor === 0) divisor = 1;
      return [value / divisor, scale / Math.abs(divisor)];
    };
    const balanceOf = (j: number) => sumOf(vectors.map((v, i) => weights[i]! * v[j]!));
    const votesOf = (j: number) => sumOf(vectors.map((v, i) => Math.abs(weights[i]! * v[j]!)));
    const solution = onBase(problem, (j) => consensus(j, balanceOf(j) < 0));
    const opposite = onBase(problem, (j) => consensus(j, balanceOf(j) >= 0));
    // Weights that float32 rounds make ties that float64 sees, or the other way round.
    const isExact = weights.every((weight) => weight === problem.store(weight));
    const also = new Map<number, number>();
    for (let j = 0; j < sizeOf(problem); j++) {
      const balance = Math.abs(balanceOf(j));
      if (balance <= 1e-6 * votesOf(j) && (balance > 0 || !isExact))
        also.set(j, opposite.values[j]!);
    }
    return { ...solution, also };
  };
}

/** base + lambda times the consensus. */
function onBase(problem: Problem, consensus: (j: number) => [number, number]): Solution {
  const lambda = typeof problem.globals.lambda === 'number' ? problem.globals.lambda : 1;
  return solutionOf(sizeOf(problem), (j) => {
    const [value, scale] = consensus(j);
    const base = problem.base![j]!;
    return [base + lambda * value, Math.abs(base) + Math.abs(lambda) * scale];
  });
}

export const taskArithmetic = summed(keepAll, false);
export const ties = elected(keepLargest, true);
export const dareLinear = summed(keepDrawn, false);
export const dareTies = elected(keepDrawn, false);
export const della = elected(keepByRank, true);
export const dellaLinear = summed(keepByRank, false);
export const breadcrumbs = summed(keepBand, false);
export const breadcrumbsTies = elected(keepBand, false);
