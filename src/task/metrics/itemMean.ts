/** Metrics that are the mean of a number per item: its sum, and the count of items. */

import type { Statistics } from './metric.ts';

export function meanStatistics(value: number): Statistics {
  return Float64Array.of(value, 1);
}

export function meanValue(total: Statistics): number {
  return total[0]! / total[1]!;
}
