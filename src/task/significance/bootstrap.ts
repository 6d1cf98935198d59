/**
 * The bootstrap: how far a score would move with other items of the same kind. The items are drawn with
 * repetition, as many as there are, again and again, and the score is computed of each draw (B. Efron,
 * Ann. Statist. 7, 1979); for two systems the same draws serve both (P. Koehn, "Statistical
 * Significance Tests for Machine Translation Evaluation", EMNLP 2004).
 *
 *     interval = [quantile 0.025, quantile 0.975] of the draws' values
 *
 * Quantiles are interpolated (R. J. Hyndman and Y. Fan, Am. Statist. 50(4), 1996, definition 7), where
 * sacrebleu takes the nearest draws: with 1,000 draws both lie between the same two. A small set of
 * items makes the interval too narrow, and no number of draws mends it.
 */

import type { Interval } from '../../numeric/intervals.ts';
import type { Metric } from '../metrics/metric.ts';
import { metricValue, type StatisticsTable } from '../metrics/statisticsTable.ts';

/** The metric's value for each draw of rows. */
export function bootstrapValues(
  metric: Pick<Metric, 'value'>,
  table: StatisticsTable,
  draws: Iterable<ArrayLike<number>>,
): Float64Array {
  // Not collected by a spread or `from`: the draws together may be larger than the data.
  const values: number[] = [];
  for (const rows of draws) values.push(metricValue(metric, table, rows));
  return Float64Array.from(values);
}

export function percentileInterval(values: Float64Array, level = 0.95): Interval {
  const ascending = values.toSorted();
  const tail = (1 - level) / 2;
  return { low: quantile(ascending, tail), high: quantile(ascending, 1 - tail) };
}

/** The spread of the draws, which estimates the standard error of the value. */
export function standardDeviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/**
 * sacrebleu's p-value of the paired bootstrap, for results that are to stand beside its own: with d_i
 * the absolute difference in draw i and d that of the whole set,
 *
 *     p = (1 + number of draws with d_i - mean(d_i) > d) / (1 + draws)
 *
 * Identical systems have p = 1 here, and 1 / (1 + draws) there. The randomisation test needs no such
 * centring and is to be preferred.
 */
export function bootstrapPValue(
  first: Float64Array,
  second: Float64Array,
  difference: number,
): number {
  if (difference === 0) return 1;
  const distances = first.map((value, i) => Math.abs(value - second[i]!));
  const mean = distances.reduce((sum, value) => sum + value, 0) / distances.length;
  const beyond = distances.filter((distance) => distance - mean > Math.abs(difference)).length;
  return (beyond + 1) / (distances.length + 1);
}

function quantile(ascending: Float64Array, share: number): number {
  const at = share * (ascending.length - 1);
  const [low, high] = [ascending[Math.floor(at)]!, ascending[Math.ceil(at)]!];
  return low + (high - low) * (at - Math.floor(at));
}
