/**
 * The best step along a line in the space of weights, exactly (F. J. Och, "Minimum Error Rate Training
 * in Statistical Machine Translation", ACL 2003).
 *
 * Along  weights + g * direction  every candidate's score is a line in g, so an item's choice is the
 * upper envelope of its candidates' lines, which changes at a few values of g alone. Sorted over all
 * items, these values cut the line into intervals in which every choice, and so the metric, is
 * constant; an interval costs the difference of two items' statistics.
 */

import type { Statistics } from '../../task/metrics/metric.ts';
import type { FeatureTable } from './featureTable.ts';
import { linearScores } from './rerank.ts';

export interface RerankItem {
  readonly features: FeatureTable;
  /** Of every candidate against the item's references. */
  readonly statistics: readonly Statistics[];
}

/** The objective: a metric's value, turned so that more is better. */
export type Objective = (total: Statistics) => number;

export interface Step {
  /** How far along the direction. */
  readonly length: number;
  readonly value: number;
}

/** At `length` the item's choice changes. */
interface Change {
  readonly length: number;
  readonly item: number;
  readonly from: number;
  readonly to: number;
}

/** The middle of the best interval, of equals the widest; undefined if nothing ever changes. */
export function bestStep(
  items: readonly RerankItem[],
  weights: Float64Array,
  direction: Float64Array,
  objective: Objective,
): Step | undefined {
  const changes: Change[] = [];
  const total = new Float64Array(items[0]!.statistics[0]!.length);
  for (const [i, { features, statistics }] of items.entries()) {
    const heights = linearScores(features, weights);
    const slopes = linearScores(features, direction);
    const first = pushChanges(changes, i, heights, slopes);
    addTo(total, statistics[first]!, 1);
  }
  changes.sort((a, b) => a.length - b.length || a.item - b.item);
  return changes.length === 0 ? undefined : sweep(items, changes, total, objective);
}

/** Walks along the upper envelope from -infinity on. Returns the choice there. */
function pushChanges(
  changes: Change[],
  item: number,
  heights: Float64Array,
  slopes: Float64Array,
): number {
  const first = leftmost(heights, slopes);
  let [from, length] = [first, Number.NEGATIVE_INFINITY];
  for (;;) {
    const next = nextCrossing(from, heights, slopes);
    if (next === undefined) return first;
    // Lines that cross in one point may seem to do so in the wrong order.
    length = Math.max(length, next.length);
    changes.push({ length, item, from, to: next.to });
    from = next.to;
  }
}

/** The least slope, of equals the highest, of these the first. */
function leftmost(heights: Float64Array, slopes: Float64Array): number {
  let best = 0;
  for (let c = 1; c < slopes.length; c++) {
    const isLess = slopes[c]! < slopes[best]!;
    if (isLess || (slopes[c] === slopes[best] && heights[c]! > heights[best]!)) best = c;
  }
  return best;
}

/** Where a steeper line first rises above; of several there the steepest. */
function nextCrossing(
  from: number,
  heights: Float64Array,
  slopes: Float64Array,
): { readonly length: number; readonly to: number } | undefined {
  let [to, nearest] = [-1, Number.POSITIVE_INFINITY];
  for (let c = 0; c < slopes.length; c++) {
    if (!(slopes[c]! > slopes[from]!)) continue;
    const length = (heights[from]! - heights[c]!) / (slopes[c]! - slopes[from]!);
    if (length > nearest || (length === nearest && slopes[c]! <= slopes[to]!)) continue;
    [to, nearest] = [c, length];
  }
  return to < 0 || nearest === Number.POSITIVE_INFINITY ? undefined : { length: nearest, to };
}

function sweep(
  items: readonly RerankItem[],
  changes: readonly Change[],
  total: Statistics,
  objective: Objective,
): Step {
  const last = changes.length - 1;
  // The two outer intervals have no end; they are taken to be as wide as all others together, or 2.
  const span = Math.max(2, changes[last]!.length - changes[0]!.length);
  let start = changes[0]!.length - span;
  let best = { length: 0, value: Number.NEGATIVE_INFINITY, width: 0 };
  for (let k = 0; k <= last + 1; k++) {
    const end = changes[k]?.length ?? start + span;
    const [length, width] = [(start + end) / 2, end - start];
    if (length > start && length < end) {
      const value = objective(total);
      const isBetter = value > best.value || (value === best.value && width > best.width);
      if (isBetter) best = { length, value, width };
    }
    const change = changes[k];
    if (change === undefined) break;
    const { statistics } = items[change.item]!;
    addTo(total, statistics[change.from]!, -1);
    addTo(total, statistics[change.to]!, 1);
    start = end;
  }
  return { length: best.length, value: best.value };
}

export function addTo(total: Statistics, statistics: Statistics, sign: number): void {
  for (let k = 0; k < total.length; k++) total[k]! += sign * statistics[k]!;
}
