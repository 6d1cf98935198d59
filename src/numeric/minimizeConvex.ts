/**
 * The minimum of a smooth convex function of a few unknowns, on all of space, where they are not
 * negative, or where they also keep their sum: Newton's method, each step confined to the domain
 * (quadraticStep.ts) and halved until the value falls (L. Armijo, Pacific J. Math. 16, 1966).
 */

import { type Domain, type QuadraticModel, quadraticStep } from './quadraticStep.ts';

export interface Expansion extends QuadraticModel {
  readonly value: number;
}

export interface ConvexFunction {
  /** May be Infinity, but not at the start. */
  readonly valueAt: (x: Float64Array) => number;
  /** Value, gradient and Hessian. */
  readonly expansionAt: (x: Float64Array) => Expansion;
}

export interface MinimizeOptions {
  /** Of the residual. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
  /** Ends the search where the value has no minimum, only an infimum. */
  readonly isEndless?: (x: Float64Array) => boolean;
}

export interface Minimum extends Expansion {
  readonly x: Float64Array;
  /**
   * How far x is from the conditions of a minimum: the largest |g_i - v|, or where x_i >= 0 is asked
   * the largest |min(x_i, g_i - v)|, v being sum x g where the sum is fixed (to 1) and otherwise 0.
   */
  readonly residual: number;
  readonly iterations: number;
}

const TOLERANCE = 1e-12;
const MAX_ITERATIONS = 200;
/** Part of the fall that the slope promises which a step must bring. */
const LEAST_FALL = 1e-4;
const SHORTEST_STEP = 2 ** -40;

/** @param start in the domain; with a fixed sum its sum is 1 */
export function minimizeConvex(
  f: ConvexFunction,
  start: Float64Array,
  domain: Domain,
  options: MinimizeOptions = {},
): Minimum {
  const { tolerance = TOLERANCE, maxIterations = MAX_ITERATIONS, isEndless } = options;
  let at = evaluate(f, start, domain, 0);
  while (at.residual > tolerance && at.iterations < maxIterations && !isEndless?.(at.x)) {
    const direction = quadraticStep(at, at.x, domain);
    const fall = -dot(at.gradient, direction);
    const x = searchLine(f, at, direction, fall, domain);
    if (!x) break;
    const next = evaluate(f, x, domain, at.iterations + 1);
    // Where rounding hides any further fall, only the residual tells whether a step was worth it.
    if (fall <= roundingOf(at.value) && next.residual >= at.residual) break;
    at = next;
  }
  return at;
}

function evaluate(f: ConvexFunction, x: Float64Array, domain: Domain, iterations: number): Minimum {
  const expansion = f.expansionAt(x);
  return { ...expansion, x, iterations, residual: residualOf(x, expansion.gradient, domain) };
}

function searchLine(
  f: ConvexFunction,
  { x, value }: Minimum,
  direction: Float64Array,
  fall: number,
  { nonNegative }: Domain,
): Float64Array | undefined {
  for (let length = 1; length >= SHORTEST_STEP; length /= 2) {
    const tried = x.map((each, i) => {
      const moved = each + length * direction[i]!;
      return nonNegative ? Math.max(0, moved) : moved;
    });
    const limit = value - LEAST_FALL * length * fall + roundingOf(value);
    if (f.valueAt(tried) <= limit) return tried;
  }
  return undefined;
}

function residualOf(x: Float64Array, gradient: Float64Array, { nonNegative, fixedSum }: Domain) {
  const level = fixedSum ? dot(x, gradient) : 0;
  return gradient.reduce((worst, slope, i) => {
    const excess = slope - level;
    return Math.max(worst, Math.abs(nonNegative ? Math.min(x[i]!, excess) : excess));
  }, 0);
}

function roundingOf(value: number): number {
  return 4 * Number.EPSILON * (1 + Math.abs(value));
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
