/**
 * The value of a continued fraction b0 + a1 / (b1 + a2 / (b2 + ...)), by W. J. Lentz's method as
 * modified by I. J. Thompson and A. R. Barnett, J. Comput. Phys. 64, 1986.
 */

import { FusionError } from '../errors.ts';

/** What stands for a denominator of 0. */
const TINY = 1e-300;
const MOST_TERMS = 100_000;

/** @param term gives [a_k, b_k] for k = 1, 2, ... */
export function continuedFraction(
  b0: number,
  term: (k: number) => readonly [number, number],
): number {
  let value = b0 === 0 ? TINY : b0;
  let c = value;
  let d = 0;
  for (let k = 1; k <= MOST_TERMS; k++) {
    const [a, b] = term(k);
    d = 1 / (b + a * d || TINY);
    c = b + a / c || TINY;
    value *= c * d;
    if (Math.abs(c * d - 1) <= Number.EPSILON) return value;
  }
  throw new FusionError('internal', `continued fraction: no limit after ${MOST_TERMS} terms`);
}
