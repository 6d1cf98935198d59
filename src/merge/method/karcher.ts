/**
 * karcher: the point of the sphere whose squared angular distances to the models' unit vectors sum
 * to the least, times their mean length. Each iteration averages the logarithms of the unit vectors
 * at the present point and follows the geodesic; as every point is a combination of the inputs, all
 * of it happens on the Gram matrix.
 *
 * Karcher, "Riemannian center of mass and mollifier smoothing", 1977.
 */

import { defineGramMethod, type Gram, normOf } from './gram.ts';
import { numberOf } from './method.ts';

export const karcher = defineGramMethod({
  name: 'karcher',
  base: 'none',
  inputs: { min: 2 },
  modelParameters: {},
  globalParameters: {
    max_iter: { type: 'integer', default: 10, description: 'Iterations at the most.' },
    tol: {
      type: 'number',
      default: 1e-5,
      description: 'Shorter tensors have no direction; shorter steps end the iteration.',
    },
  },
  coefficients: (gram, tensor) =>
    karcherCoefficients(
      gram,
      numberOf(tensor.globals, 'max_iter'),
      numberOf(tensor.globals, 'tol'),
    ),
});

export function karcherCoefficients(gram: Gram, maxIterations: number, tolerance: number) {
  const norms = Array.from({ length: gram.size }, (_, i) => normOf(gram, i));
  const used = norms.flatMap((norm, i) => (norm > tolerance ? [i] : []));
  const result = norms.map(() => 0);
  if (used.length === 0) return result;
  const cosines = used.map((i) => used.map((j) => gram.at(i, j) / (norms[i]! * norms[j]!)));
  const mean = sphericalMean(cosines, maxIterations, tolerance);
  const length = norms.reduce((sum, norm) => sum + norm, 0) / norms.length;
  used.forEach((i, at) => {
    result[i] = (mean[at]! * length) / norms[i]!;
  });
  return result;
}

/** Coefficients, over the unit vectors with these inner products, of their Karcher mean. */
function sphericalMean(
  cosines: readonly (readonly number[])[],
  maxIterations: number,
  tol: number,
) {
  let mean = toUnit(
    cosines,
    cosines.map(() => 1 / cosines.length),
  );
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    const tangent = meanLogarithm(cosines, mean);
    const step = lengthOf(cosines, tangent);
    if (step < tol) break;
    const along = Math.sin(step) / step;
    mean = toUnit(
      cosines,
      mean.map((m, i) => Math.cos(step) * m + along * tangent[i]!),
    );
  }
  return mean;
}

function meanLogarithm(cosines: readonly (readonly number[])[], mean: readonly number[]) {
  const tangent = mean.map(() => 0);
  for (let i = 0; i < mean.length; i++) {
    const cosine = Math.min(1, Math.max(-1, product(cosines[i]!, mean)));
    const angle = Math.acos(cosine);
    const sine = Math.sin(angle);
    if (sine === 0) continue;
    const share = angle / sine / mean.length;
    tangent[i]! += share;
    for (let j = 0; j < mean.length; j++) tangent[j]! -= share * cosine * mean[j]!;
  }
  return tangent;
}

function product(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

function lengthOf(cosines: readonly (readonly number[])[], vector: readonly number[]): number {
  const squared = vector.reduce((sum, value, i) => sum + value * product(cosines[i]!, vector), 0);
  return Math.sqrt(Math.max(0, squared));
}

/** Directions that cancel out exactly leave none; then the first vector stands for all. */
function toUnit(cosines: readonly (readonly number[])[], vector: readonly number[]): number[] {
  const length = lengthOf(cosines, vector);
  if (length === 0) return vector.map((_, i) => (i === 0 ? 1 : 0));
  return vector.map((value) => value / length);
}
