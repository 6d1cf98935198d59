/**
 * slerp: the point at share t of the great circle from the base model to the other one,
 *
 *   (sin((1 - t) theta) v0 + sin(t theta) v1) / sin(theta),   cos(theta) = <v0, v1> / |v0| |v1|,
 *
 * the vectors being whole tensors, as they are. Nearly parallel ones (also opposite ones) are
 * interpolated linearly.
 *
 * Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985.
 */

import { defineGramMethod, type Gram, normOf } from './gram.ts';
import { numberOf } from './method.ts';

/** Vectors shorter than this are not normalized. */
const SMALLEST_NORM = 1e-8;
const PARALLEL = 0.9995;

export const slerp = defineGramMethod({
  name: 'slerp',
  base: 'endpoint',
  inputs: { min: 2, max: 2 },
  modelParameters: {},
  globalParameters: {
    t: { type: 'number', description: 'Where to stand: 0 is the base model, 1 the other one.' },
  },
  coefficients: (gram, tensor) => slerpCoefficients(gram, numberOf(tensor.globals, 't')),
});

export function cosineOf(gram: Gram, i: number, j: number): number {
  const scale = (norm: number) => (norm > SMALLEST_NORM ? norm : 1);
  const cosine = gram.at(i, j) / (scale(normOf(gram, i)) * scale(normOf(gram, j)));
  return Math.min(1, Math.max(-1, cosine));
}

export function slerpCoefficients(gram: Gram, t: number): [number, number] {
  const cosine = cosineOf(gram, 0, 1);
  if (Math.abs(cosine) > PARALLEL) return [1 - t, t];
  return arcCoefficients(Math.acos(cosine), t);
}

export function arcCoefficients(theta: number, t: number): [number, number] {
  const sine = Math.sin(theta);
  return [Math.sin((1 - t) * theta) / sine, Math.sin(t * theta) / sine];
}
