/**
 * Newton's step within bounds: the d that minimises
 *
 *   g'd + d'Hd / 2     subject to  x + d >= 0  and  sum d = 0, where they are asked for,
 *
 * by the primal active-set method (J. Nocedal and S. Wright, Numerical Optimization, section 16.5):
 * unknowns at their bound are held there, the others solve a linear system, and unknowns are held and
 * let go one at a time. For a few dozen unknowns.
 */

import { choleskyFactor, solveFactored } from './symmetricSolve.ts';

/** Where a function is to be minimised. */
export interface Domain {
  readonly nonNegative: boolean;
  /** The sum stays what it is at the start. */
  readonly fixedSum: boolean;
}

export interface QuadraticModel {
  readonly gradient: Float64Array;
  /** [n][n], symmetric and positive semidefinite. */
  readonly hessian: Float64Array;
}

/**
 * Added to the diagonal, relative to its largest: without it members that are alike would make the
 * system singular. It bends the way to the minimum and not the minimum.
 */
const RELATIVE_RIDGE = 1e-10;
const SMALLEST_RIDGE = 1e-12;
/** Each round holds or frees one unknown; more of them mean that rounding leads it in a circle. */
const ROUNDS_PER_UNKNOWN = 50;
/** Slopes that rounding makes of 0. */
const FLAT = 1e-15;

export function quadraticStep(model: QuadraticModel, x: Float64Array, domain: Domain) {
  const { gradient } = model;
  const hessian = withRidge(model.hessian, x.length);
  const step = new Float64Array(x.length);
  const isFree = Array.from(x, (value) => !domain.nonNegative || value > 0);
  for (let round = 0; round < ROUNDS_PER_UNKNOWN * x.length; round++) {
    const slopes = slopesAt(gradient, hessian, step);
    const direction = freeMinimum(slopes, hessian, isFree, domain.fixedSum);
    const blocking = domain.nonNegative
      ? advance(x, step, direction)
      : advanceFreely(step, direction);
    if (blocking >= 0) isFree[blocking] = false;
    else {
      const wanted = unknownToFree(slopesAt(gradient, hessian, step), isFree, domain.fixedSum);
      if (wanted < 0) return step;
      isFree[wanted] = true;
    }
  }
  return step;
}

function withRidge(hessian: Float64Array, n: number): Float64Array {
  const ridged = hessian.slice();
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, hessian[i * n + i]!);
  const ridge = Math.max(SMALLEST_RIDGE, RELATIVE_RIDGE * largest);
  for (let i = 0; i < n; i++) ridged[i * n + i]! += ridge;
  return ridged;
}

/** g + H d */
function slopesAt(gradient: Float64Array, hessian: Float64Array, step: Float64Array): Float64Array {
  const n = step.length;
  return gradient.map((slope, i) => {
    let sum = slope;
    for (let j = 0; j < n; j++) sum += hessian[i * n + j]! * step[j]!;
    return sum;
  });
}

/** From where the slopes are, to the minimum over the free unknowns; 0 for the others. */
function freeMinimum(
  slopes: Float64Array,
  hessian: Float64Array,
  isFree: readonly boolean[],
  fixedSum: boolean,
): Float64Array {
  const n = slopes.length;
  const free = [...slopes.keys()].filter((i) => isFree[i]);
  const block = Float64Array.from(free.flatMap((i) => free.map((j) => hessian[i * n + j]!)));
  const direction = new Float64Array(n);
  const factor = choleskyFactor(block, free.length);
  if (!factor) return direction;
  const down = solveFactored(
    factor,
    free.map((i) => -slopes[i]!),
  );
  const level = solveFactored(
    factor,
    free.map(() => 1),
  );
  // The sum's multiplier, which makes the direction add up to 0.
  const multiplier = fixedSum ? sumOf(down) / sumOf(level) : 0;
  free.forEach((i, k) => {
    direction[i] = down[k]! - multiplier * level[k]!;
  });
  return direction;
}

function advanceFreely(step: Float64Array, direction: Float64Array): number {
  for (let i = 0; i < step.length; i++) step[i]! += direction[i]!;
  return -1;
}

/** As far as the bounds allow, and the unknown that meets its bound first; -1 if none does. */
function advance(x: Float64Array, step: Float64Array, direction: Float64Array): number {
  let length = 1;
  let blocking = -1;
  for (let i = 0; i < x.length; i++) {
    const room = -(x[i]! + step[i]!) / direction[i]!;
    if (direction[i]! < 0 && room < length) {
      length = room;
      blocking = i;
    }
  }
  for (let i = 0; i < x.length; i++) step[i]! += length * direction[i]!;
  if (blocking >= 0) step[blocking] = -x[blocking]!;
  return blocking;
}

/** The held unknown that would lower the value most by growing; -1 if none would. */
function unknownToFree(
  slopes: Float64Array,
  isFree: readonly boolean[],
  fixedSum: boolean,
): number {
  const free = slopes.filter((_, i) => isFree[i]);
  const level = fixedSum ? sumOf(free) / free.length : 0;
  let steepest = -FLAT;
  let found = -1;
  slopes.forEach((slope, i) => {
    if (isFree[i] || slope - level >= steepest) return;
    steepest = slope - level;
    found = i;
  });
  return found;
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
