/** A metric's value for each item by itself, and on how many items one system beats another. */

import type { Metric } from '../metrics/metric.ts';
import type { StatisticsTable } from '../metrics/statisticsTable.ts';

export interface WinCounts {
  /** Items on which the first system is better. */
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
}

/** Metrics of texts have a value for sentences; NaN for an item that has none. */
export function itemValues(metric: Metric, table: StatisticsTable): Float64Array {
  const valueAt = metric.kind === 'texts' ? metric.sentenceValue : metric.value;
  const { itemCount, width, values } = table;
  return Float64Array.from({ length: itemCount }, (_, i) =>
    valueAt(values.subarray(i * width, (i + 1) * width)),
  );
}

/** An item without a value counts as a tie. */
export function countWins(
  metric: Metric,
  first: StatisticsTable,
  second: StatisticsTable,
): WinCounts {
  const [values, others] = [itemValues(metric, first), itemValues(metric, second)];
  const higher = values.filter((value, i) => value > others[i]!).length;
  const lower = values.filter((value, i) => value < others[i]!).length;
  const [wins, losses] = metric.higherIsBetter ? [higher, lower] : [lower, higher];
  return { wins, losses, ties: first.itemCount - higher - lower };
}
