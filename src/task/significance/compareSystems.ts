/**
 * Two systems on the same items, by any metric: by how much the first is better or worse, between which
 * bounds that lies, and whether chance would do as much. The interval is of the bootstrap
 * (bootstrap.ts), the p-value of approximate randomisation (randomisation.ts); both work on the
 * statistics of the items alone.
 *
 * Not: a choice among many systems, for which p-values are adjusted (numeric/holm.ts).
 */

import { badInput } from '../../errors.ts';
import type { Interval } from '../../numeric/intervals.ts';
import type { Metric } from '../metrics/metric.ts';
import { metricValue, type StatisticsTable } from '../metrics/statisticsTable.ts';
import { bootstrapValues, percentileInterval, standardDeviation } from './bootstrap.ts';
import { bootstrapDraws, type ResamplingOptions, swapDraws } from './draws.ts';
import { countWins, type WinCounts } from './itemValues.ts';
import { randomisationTest } from './randomisation.ts';
import { type Groups, unitTable } from './unitTable.ts';

export interface SignificanceOptions extends ResamplingOptions {
  /** Items that belong together, and are drawn and swapped together. */
  readonly groups?: Groups;
}

export interface ScoreInterval {
  readonly score: number;
  /** Of 95 %. */
  readonly interval: Interval;
  readonly standardError: number;
}

export interface Comparison extends WinCounts {
  readonly first: number;
  readonly second: number;
  /** first - second, in the metric's unit: above 0 is worse where a lower value is better. */
  readonly difference: number;
  /** Of the difference, 95 %. */
  readonly interval: Interval;
  /** Of the difference: what a minimum detectable effect is computed from (power.ts). */
  readonly standardError: number;
  /** Two-sided, and never 0. */
  readonly p: number;
}

/** @param table the statistics of one system's items */
export function scoreInterval(
  metric: Metric,
  table: StatisticsTable,
  options: SignificanceOptions = {},
): ScoreInterval {
  const units = unitTable(table, options.groups);
  const values = bootstrapValues(metric, units, bootstrapDraws(units.itemCount, options));
  return { score: definedValue(metric, table), ...spreadOf(metric, values) };
}

/** @param first, second the statistics of the two systems' items, in one order of the items */
export function compareSystems(
  metric: Metric,
  first: StatisticsTable,
  second: StatisticsTable,
  options: SignificanceOptions = {},
): Comparison {
  requireSameShape(metric, first, second);
  const [a, b] = [first, second].map((table) => definedValue(metric, table)) as [number, number];
  const units = [first, second].map((table) => unitTable(table, options.groups));
  const [ofFirst, ofSecond] = units as [StatisticsTable, StatisticsTable];
  const { itemCount } = ofFirst;
  const values = bootstrapValues(metric, ofFirst, bootstrapDraws(itemCount, options));
  const others = bootstrapValues(metric, ofSecond, bootstrapDraws(itemCount, options));
  const differences = values.map((value, i) => value - others[i]!);
  return {
    ...{ first: a, second: b, difference: a - b },
    ...spreadOf(metric, differences),
    p: randomisationTest(metric, ofFirst, ofSecond, swapDraws(itemCount, options)),
    ...countWins(metric, first, second),
  };
}

function spreadOf(metric: Metric, values: Float64Array): Omit<ScoreInterval, 'score'> {
  if (values.every(Number.isFinite)) {
    return { interval: percentileInterval(values), standardError: standardDeviation(values) };
  }
  throw badInput(
    `metric "${metric.name}": some draws of the items have no finite value, so there is no interval`,
  );
}

function definedValue(metric: Metric, table: StatisticsTable): number {
  const value = metricValue(metric, table);
  if (Number.isFinite(value)) return value;
  throw badInput(
    `metric "${metric.name}": the value of all items is ${value}, and has no interval`,
  );
}

function requireSameShape(metric: Metric, first: StatisticsTable, second: StatisticsTable): void {
  if (first.itemCount === second.itemCount && first.width === second.width) return;
  const [a, b] = [first, second].map((table) => `[${table.itemCount}, ${table.width}]`);
  throw badInput(
    `metric "${metric.name}": statistics of shape ${a} and of shape ${b} are not of the same items`,
  );
}
