/**
 * Intervals for a proportion, such as an accuracy.
 *
 * Wilson's score interval: E. B. Wilson, "Probable Inference, the Law of Succession, and
 * Statistical Inference", JASA 22(158), 1927. For items that come in clusters (passages of one
 * document), the count of trials is first replaced by the effective sample size of E. L. Korn and
 * B. I. Graubard, Survey Methodology 24(2), 1998.
 */

import { badInput } from '../errors.ts';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Right answers out of all the items of one cluster. */
export interface ClusterCount {
  readonly successes: number;
  readonly trials: number;
}

/** The 97.5 % point of the standard normal distribution: intervals of 95 %. */
const Z_95 = 1.959963984540054;

/** `trials` may be fractional, as an effective sample size is. */
export function wilsonInterval(successes: number, trials: number, z = Z_95): Interval {
  if (!(trials > 0) || !(successes >= 0) || successes > trials) {
    throw badInput(`interval: ${successes} successes of ${trials} trials make no proportion`);
  }
  const p = successes / trials;
  const zz = z * z;
  const scale = 1 + zz / trials;
  const centre = (p + zz / (2 * trials)) / scale;
  const half = (z / scale) * Math.sqrt((p * (1 - p)) / trials + zz / (4 * trials * trials));
  // At p = 0 and 1 the bound is exact, and rounding must not push it beyond.
  return {
    low: p === 0 ? 0 : Math.max(0, centre - half),
    high: p === 1 ? 1 : Math.min(1, centre + half),
  };
}

/** Wilson's interval for the pooled proportion, widened for what the items of a cluster share. */
export function clusteredWilsonInterval(clusters: readonly ClusterCount[], z = Z_95): Interval {
  const trials = sum(clusters.map((cluster) => cluster.trials));
  const proportion = sum(clusters.map((cluster) => cluster.successes)) / trials;
  const effective = effectiveSampleSize(clusters);
  return wilsonInterval(proportion * effective, effective, z);
}

/**
 * p (1 - p) / var(p), var(p) being the linearised variance of the pooled proportion over clusters;
 * never more than the items there are, and all of them when nothing can be estimated.
 */
export function effectiveSampleSize(clusters: readonly ClusterCount[]): number {
  const trials = sum(clusters.map((cluster) => cluster.trials));
  const p = sum(clusters.map((cluster) => cluster.successes)) / trials;
  const count = clusters.length;
  const squares = sum(clusters.map((cluster) => (cluster.successes - p * cluster.trials) ** 2));
  const variance = (count / (count - 1)) * (squares / trials ** 2);
  const effective = (p * (1 - p)) / variance;
  return effective > 0 && effective < trials ? effective : trials;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
