/** What one system scores more than another, item by item, and how far the mean of that may be off. */

import { badInput } from '../../errors.ts';
import { type Groups, groupPlaces } from './unitTable.ts';

/** Decimal digits kept, counted from the largest score. */
const DIGITS = 12;

/**
 * first - second. Scores are decimal fractions that doubles hold inexactly: 0.74 - 0.71 and 0.84 - 0.81
 * differ in the last bits, and would have different ranks. So digits that are rounding are cut off.
 */
export function pairedDifferences(first: ArrayLike<number>, second: ArrayLike<number>): number[] {
  if (first.length !== second.length) {
    throw badInput(
      `paired scores: ${first.length} of the first and ${second.length} of the second`,
    );
  }
  let largest = 0;
  const differences = Array.from(first, (score, i) => {
    const other = second[i]!;
    if (!Number.isFinite(score - other)) {
      throw badInput(`paired scores: item ${i} has ${score} and ${other}`);
    }
    largest = Math.max(largest, Math.abs(score), Math.abs(other));
    return score - other;
  });
  const decimals = DIGITS - Math.ceil(Math.log10(largest || 1));
  const scale = 10 ** Math.min(300, Math.max(-300, decimals));
  return differences.map((difference) => Math.round(difference * scale) / scale);
}

export interface MeanDifference {
  readonly mean: number;
  readonly standardError: number;
}

/**
 *     standard error = sqrt(sum over groups of (sum over its items of (d_i - mean))^2 c / (c - 1)) / n
 *
 * c groups, n items; with every item a group of its own this is sd(d) / sqrt(n). (K.-Y. Liang and S. L.
 * Zeger, Biometrika 73, 1986; for language models E. Miller, "Adding Error Bars to Evals", 2024.)
 */
export function meanDifference(differences: readonly number[], groups?: Groups): MeanDifference {
  const n = differences.length;
  const places = groups && groupPlaces(groups, n);
  const rough = differences.reduce((sum, d) => sum + d, 0) / n;
  // Without the rounding of the first pass, so that equal differences have an error of exactly 0.
  const mean = rough + differences.reduce((sum, d) => sum + (d - rough), 0) / n;
  const sums = new Map<number, number>();
  differences.forEach((difference, i) => {
    const place = places?.[i] ?? i;
    sums.set(place, (sums.get(place) ?? 0) + difference - mean);
  });
  const count = sums.size;
  if (count < 2) throw badInput(`paired scores: ${count} differences have no standard error`);
  const squares = [...sums.values()].reduce((sum, s) => sum + s * s, 0);
  return { mean, standardError: Math.sqrt((squares * count) / (count - 1)) / n };
}
