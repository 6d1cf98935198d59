/**
 * Weights of a reranking that make the metric of its choices best on items whose references are known:
 * minimum error rate training (F. J. Och, ACL 2003) by exact line searches (lineSearch.ts).
 *
 * The metric of the whole set is what is maximised, from added statistics, and not a mean over items.
 * It is constant almost everywhere and has many local optima, so that searches start at equal weights,
 * at every feature alone and at random weights, and the best end counts: on these items it is never
 * worse than equal weights or than any one feature. On others it may be: few weights and many items
 * keep that rare (C. Cherry and G. Foster, "Batch Tuning Strategies for Statistical Machine
 * Translation", NAACL 2012); fit on one part and measure on another.
 *
 * Steps and random weights are in units of each feature's spread within items.
 */

import { badInput } from '../../errors.ts';
import { type RandomSource, seededRandom } from '../../numeric/random.ts';
import type { TextMetric } from '../../task/metrics/metric.ts';
import type { ItemCandidates } from './candidate.ts';
import { axes, type Climb, climb, objectiveAt, randomDirection } from './climb.ts';
import { type FeatureTable, spreadOf } from './featureTable.ts';
import type { Objective, RerankItem } from './lineSearch.ts';
import type { FeatureWeights } from './rerank.ts';

export interface FitRerankOptions {
  /** Searches from random weights; 8 unless said otherwise. */
  readonly restarts?: number;
  readonly seed?: number;
}

export interface FittedRerank {
  /** Of every feature; the sum of their magnitudes is 1. */
  readonly weights: FeatureWeights;
  /** Of the metric, for the choices that they make on the items. */
  readonly value: number;
}

export function rerankItem(
  features: FeatureTable,
  candidates: ItemCandidates,
  references: readonly string[],
  metric: TextMetric,
): RerankItem {
  const statistics = candidates.map(({ text }) =>
    metric.statistics({ hypothesis: text, references }),
  );
  return { features, statistics };
}

export function fitRerank(
  items: readonly RerankItem[],
  metric: Pick<TextMetric, 'value' | 'higherIsBetter'>,
  { restarts = 8, seed = 0 }: FitRerankOptions = {},
): FittedRerank {
  const names = namesOf(items);
  const sign = metric.higherIsBetter ? 1 : -1;
  const objective: Objective = (total) => sign * metric.value(total);
  const units = unitsOf(items, names.length);
  const random = seededRandom(seed);
  let best: Climb = { weights: new Float64Array(names.length), value: Number.NEGATIVE_INFINITY };
  for (const start of startsOf(names.length, restarts, random)) {
    const found = climb(items, start, units, objective, random);
    if (found.value > best.value) best = found;
  }
  const magnitude = best.weights.reduce((sum, weight) => sum + Math.abs(weight), 0);
  const weights = best.weights.map((weight) => weight / magnitude);
  return {
    weights: Object.fromEntries(names.map((name, f) => [name, weights[f]!])),
    value: sign * objectiveAt(items, weights, objective),
  };
}

function namesOf(items: readonly RerankItem[]): readonly string[] {
  const names = items[0]?.features.names ?? [];
  if (names.length === 0) throw badInput('fitting a reranking: there are no items, or no features');
  for (const [i, { features, statistics }] of items.entries()) {
    const found = features.names.join(', ');
    if (found !== names.join(', ')) {
      throw badInput(`item ${i} has the features ${found}, and item 0 has ${names.join(', ')}`);
    }
    if (features.values.length === statistics.length * names.length && statistics.length > 0)
      continue;
    throw badInput(
      `item ${i} has features of ${features.values.length / names.length} candidates ` +
        `and statistics of ${statistics.length}`,
    );
  }
  return names;
}

/** The root of the mean variance within items; 1 for what never differs within one. */
function unitsOf(items: readonly RerankItem[], width: number): Float64Array {
  return Float64Array.from({ length: width }, (_, f) => {
    const variances = items.map(({ features }) => spreadOf(features, f).variance);
    const mean = variances.reduce((sum, x) => sum + x, 0) / items.length;
    return mean > 0 ? Math.sqrt(mean) : 1;
  });
}

/** Equal weights, each feature alone, random weights. */
function* startsOf(width: number, restarts: number, random: RandomSource): Generator<Float64Array> {
  yield new Float64Array(width).fill(1);
  if (width > 1) yield* axes(width);
  for (let k = 0; k < restarts; k++) yield randomDirection(width, random);
}
