/**
 * Distribution functions: P(X <= x) is `lower`, P(X > x) is `upper`, and the small one of the two keeps
 * its digits. Quantiles are the x at which `lower` is p; of the binomial, the least such whole number.
 *
 *     normal:   upper(x) = Q(1/2, x^2 / 2) / 2           for x >= 0
 *     chi2:     lower(x) = P(df / 2, x / 2)
 *     t:        upper(t) = I_{df / (df + t^2)}(df / 2, 1/2) / 2   for t >= 0
 *     binomial: lower(k) = I_{1-p}(n - k, k + 1)
 *     beta:     lower(x) = I_x(a, b)
 *
 * Relative error of the smaller tail: normal (to 20 deviations), t and chi2 below 1e-12, binomial and
 * beta below 1e-11, for parameters up to 1e4 and 1e5; quantiles below 1e-10 for p from 1e-6 to 1 - 1e-4.
 * The relations are in M. Abramowitz and I. Stegun, 1964, 26.2 to 26.5.
 */

import { badInput } from '../errors.ts';
import { incompleteBeta, type Tails } from './incompleteBeta.ts';
import { incompleteGamma } from './incompleteGamma.ts';
import { invertIncreasing, leastReaching } from './invertIncreasing.ts';

export function normalTails(x: number): Tails {
  return symmetricTails(x, incompleteGamma(0.5, (x * x) / 2).upper / 2);
}

export function normalQuantile(p: number): number {
  return symmetricQuantile(normalTails, p);
}

export function chi2Tails(x: number, df: number): Tails {
  return incompleteGamma(positive(df, 'chi2: degrees of freedom') / 2, x / 2);
}

export function chi2Quantile(p: number, df: number): number {
  return invertIncreasing((x) => chi2Tails(x, df).lower, probability(p), 0, Infinity);
}

export function tTails(t: number, df: number): Tails {
  const square = t * t;
  const sum = positive(df, 't: degrees of freedom') + square;
  if (sum === Infinity) return symmetricTails(t, 0);
  return symmetricTails(t, incompleteBeta(df / 2, 0.5, df / sum, square / sum).lower / 2);
}

export function tQuantile(p: number, df: number): number {
  return symmetricQuantile((t) => tTails(t, df), p);
}

export function binomialTails(k: number, n: number, p: number): Tails {
  if (k < 0) return { lower: 0, upper: 1 };
  if (k >= n) return { lower: 1, upper: 0 };
  const whole = Math.floor(k);
  return incompleteBeta(n - whole, whole + 1, 1 - p, p);
}

export function binomialQuantile(p: number, n: number, success: number): number {
  return leastReaching((k) => binomialTails(k, n, success).lower, probability(p), n);
}

export function betaTails(x: number, a: number, b: number): Tails {
  return incompleteBeta(positive(a, 'beta: a'), positive(b, 'beta: b'), x);
}

export function betaQuantile(p: number, a: number, b: number): number {
  return invertIncreasing((x) => betaTails(x, a, b).lower, probability(p), 0, 1);
}

/** @param beyond the probability of more than |x| */
function symmetricTails(x: number, beyond: number): Tails {
  return x >= 0 ? { lower: 1 - beyond, upper: beyond } : { lower: beyond, upper: 1 - beyond };
}

/** On the lower side, where no digits are lost. */
function symmetricQuantile(tails: (x: number) => Tails, p: number): number {
  if (probability(p) === 0.5) return 0;
  const at = invertIncreasing((x) => tails(x).lower, Math.min(p, 1 - p), -Infinity, 0);
  return p < 0.5 ? at : -at;
}

function probability(p: number): number {
  if (p > 0 && p < 1) return p;
  throw badInput(`quantile: ${p} is not a probability between 0 and 1`);
}

function positive(value: number, what: string): number {
  if (value > 0) return value;
  throw badInput(`${what}: ${value} is not above 0`);
}
