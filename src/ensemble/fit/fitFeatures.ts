/**
 * Fits the weights of a reranker (outputs/fitRerank.ts) to texts whose references are known, and judges
 * them as weights of pools are judged: by choices that did not see the item, beside the best member's
 * own first choices and beside equal weights.
 */

import { badInput } from '../../errors.ts';
import type { Item, RequestOptions } from '../../model/languageModel.ts';
import type { Statistics, TextMetric } from '../../task/metrics/metric.ts';
import type { ItemCandidates } from '../outputs/candidate.ts';
import { fitRerank, rerankItem } from '../outputs/fitRerank.ts';
import { gatherCandidates, type OutputMember } from '../outputs/gatherCandidates.ts';
import { itemFeatures } from '../outputs/itemFeatures.ts';
import type { RerankItem } from '../outputs/lineSearch.ts';
import type { RerankOutputs } from '../outputs/outputsSettings.ts';
import { decideByRerank, type FeatureWeights } from '../outputs/rerank.ts';
import { itemFolds } from './weightReport.ts';

export interface ReferencedItem extends Item {
  readonly reference: string;
  readonly group?: string;
}

export interface FeatureReport {
  readonly metric: string;
  readonly weights: FeatureWeights;
  /** The metric of each member's own first choices. */
  readonly memberValues: readonly number[];
  readonly best: number;
  readonly uniformValue: number;
  /** By weights that did not see the item. */
  readonly crossFittedValue: number;
  /** On the very items that the weights were fitted to. */
  readonly fittedValue: number;
}

export interface FeatureFitOptions extends RequestOptions {
  readonly folds: number;
  readonly seed: number;
}

export async function fitFeatures(
  members: readonly OutputMember[],
  items: readonly ReferencedItem[],
  settings: RerankOutputs,
  metric: TextMetric,
  options: FeatureFitOptions,
): Promise<FeatureReport> {
  const names = Object.keys(settings.weights);
  const request = options.signal === undefined ? {} : { signal: options.signal };
  const candidates = await gatherCandidates(members, items, settings.candidates, request);
  const wanted = { ...settings, names };
  const tables = await itemFeatures(members, items, candidates, wanted, request);
  const rows = items.map(({ reference }, i) =>
    rerankItem(tables[i]!, candidates[i]!, [reference], metric),
  );
  const fitted = fitRerank(rows, metric, { seed: options.seed });
  const memberValues = members.map(({ model }) =>
    metric.value(total(rows, (_, i) => firstOf(candidates[i]!, model.name, items[i]!))),
  );
  const sign = metric.higherIsBetter ? 1 : -1;
  const equal = Object.fromEntries(names.map((name) => [name, 1]));
  return {
    metric: metric.name,
    weights: fitted.weights,
    memberValues,
    best: memberValues.indexOf(sign * Math.max(...memberValues.map((value) => sign * value))),
    uniformValue: metric.value(total(rows, (row) => choiceOf(row, equal))),
    crossFittedValue: crossFitted(rows, groupsOf(items), metric, options),
    fittedValue: fitted.value,
  };
}

function crossFitted(
  rows: readonly RerankItem[],
  groups: readonly (string | number)[],
  metric: TextMetric,
  { folds, seed }: FeatureFitOptions,
): number {
  const foldOf = itemFolds(groups, folds, seed);
  const weights = Array.from({ length: folds }, (_, fold) => {
    const others = rows.filter((_, i) => foldOf[i] !== fold);
    return fitRerank(others, metric, { seed }).weights;
  });
  return metric.value(total(rows, (row, i) => choiceOf(row, weights[foldOf[i]!]!)));
}

function groupsOf(items: readonly ReferencedItem[]): (string | number)[] {
  return items.map(({ group }, i) => group ?? i);
}

function choiceOf({ features }: RerankItem, weights: FeatureWeights): number {
  return decideByRerank(features, weights).choice;
}

function firstOf(candidates: ItemCandidates, member: string, { id }: Item): number {
  const place = candidates.findIndex((each) => each.member === member);
  if (place >= 0) return place;
  throw badInput(`item "${id}": member ${member} wrote nothing`);
}

/** Statistics of the chosen candidates, added up. */
function total(
  rows: readonly RerankItem[],
  choose: (row: RerankItem, item: number) => number,
): Statistics {
  const sum = new Float64Array(rows[0]?.statistics[0]?.length ?? 0);
  for (const [i, row] of rows.entries()) {
    const chosen = row.statistics[choose(row, i)]!;
    for (let k = 0; k < sum.length; k++) sum[k]! += chosen[k]!;
  }
  return sum;
}
