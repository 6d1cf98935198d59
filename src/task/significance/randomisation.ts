/**
 * Approximate randomisation: do two systems differ on these items by more than chance? If they do not,
 * it is all the same which of the two gave which output, so outputs change places at random, item by
 * item, and the difference is computed anew (E. W. Noreen, Computer-Intensive Methods for Testing
 * Hypotheses, 1989; S. Riezler and J. T. Maxwell, "On Some Pitfalls in Automatic Evaluation and
 * Significance Testing for MT", ACL workshop, 2005).
 *
 *     p = (1 + number of swaps with |difference| >= |observed|) / (1 + swaps)
 *
 * It needs no distribution and serves any metric. sacrebleu counts only swaps strictly beyond what was
 * observed; the two agree where no swap comes out equal, as with BLEU, but where many do, as with
 * accuracy, only >= keeps the promise that p is below 0.05 in at most one of 20 cases (B. Phipson and
 * G. K. Smyth, Stat. Appl. Genet. Mol. Biol. 9(1), 2010): strictly counted, one right answer more
 * would be significant, and of equal systems on 50 items 16 % were, where >= made it 3 %.
 */

import type { Metric } from '../metrics/metric.ts';
import { metricValue, type StatisticsTable } from '../metrics/statisticsTable.ts';

/** Rounding of sums in another order, relative to the values: below it differences are equal. */
const SLACK = 1e-11;

/** Values of both systems once the rows marked 1 have changed places. */
export function swappedValues(
  metric: Pick<Metric, 'value'>,
  first: StatisticsTable,
  second: StatisticsTable,
  swaps: ArrayLike<number>,
): readonly [number, number] {
  const { width } = first;
  const totals = [new Float64Array(width), new Float64Array(width)] as const;
  for (let row = 0; row < first.itemCount; row++) {
    const [ofFirst, ofSecond] = swaps[row] ? [totals[1], totals[0]] : totals;
    for (let k = 0, at = row * width; k < width; k++, at++) {
      ofFirst[k]! += first.values[at]!;
      ofSecond[k]! += second.values[at]!;
    }
  }
  return [metric.value(totals[0]), metric.value(totals[1])];
}

/** Two-sided; 1 where there is no difference. */
export function randomisationTest(
  metric: Pick<Metric, 'value'>,
  first: StatisticsTable,
  second: StatisticsTable,
  draws: Iterable<ArrayLike<number>>,
): number {
  const [a, b] = [metricValue(metric, first), metricValue(metric, second)];
  const observed = Math.abs(a - b) - SLACK * Math.max(Math.abs(a), Math.abs(b));
  if (observed <= 0) return 1;
  let [extreme, count] = [0, 0];
  for (const swaps of draws) {
    const [x, y] = swappedValues(metric, first, second, swaps);
    // So written that swaps without a value count against significance.
    if (!(Math.abs(x - y) < observed)) extreme++;
    count++;
  }
  return (extreme + 1) / (count + 1);
}
