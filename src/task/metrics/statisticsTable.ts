/** The statistics of all items, and the value of a metric for any choice of them. */

import { badInput } from '../../errors.ts';
import type { Metric, MetricOver, Statistics } from './metric.ts';

export interface StatisticsTable {
  readonly itemCount: number;
  /** Statistics an item. */
  readonly width: number;
  /** [itemCount, width], row by row. */
  readonly values: Float64Array;
}

export function statisticsTable<Item>(
  metric: MetricOver<string, Item>,
  items: readonly Item[],
): StatisticsTable {
  const [first, ...rest] = items;
  if (first === undefined) throw badInput(`metric "${metric.name}": there are no items to measure`);
  const row = metric.statistics(first);
  const width = row.length;
  const values = new Float64Array(items.length * width);
  values.set(row);
  for (const [i, item] of rest.entries()) {
    values.set(ofWidth(width, metric.statistics(item), metric.name, i + 1), (i + 1) * width);
  }
  return { itemCount: items.length, width, values };
}

function ofWidth(width: number, row: Statistics, name: string, item: number): Statistics {
  if (row.length === width) return row;
  throw badInput(
    `metric "${name}": item ${item} has ${row.length} statistics and item 0 has ${width}, ` +
      'so they are not of one task',
  );
}

/** Over all items, or over those of the places given, which may repeat. */
export function sumRows(table: StatisticsTable, rows?: ArrayLike<number>): Statistics {
  const { width, values } = table;
  const total = new Float64Array(width);
  const count = rows?.length ?? table.itemCount;
  for (let i = 0; i < count; i++) {
    const start = (rows === undefined ? i : rows[i]!) * width;
    for (let k = 0; k < width; k++) total[k]! += values[start + k]!;
  }
  return total;
}

export function metricValue(
  metric: Pick<Metric, 'value'>,
  table: StatisticsTable,
  rows?: ArrayLike<number>,
): number {
  return metric.value(sumRows(table, rows));
}

export function measure<Item>(metric: MetricOver<string, Item>, items: readonly Item[]): number {
  return metricValue(metric, statisticsTable(metric, items));
}
