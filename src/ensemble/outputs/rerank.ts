/**
 * Reranking: the candidate with the best weighted sum of features (features.ts).
 *
 *     h* = argmax over h of  sum_k weight_k f_k(h)
 *
 * of which  l_U MBR + l_s log p / tokens^a + l_p prior  is a case. Weights are given, or fitted on items
 * whose references are known (fitRerank.ts).
 */

import { badInput } from '../../errors.ts';
import { argmax } from '../../numeric/argmax.ts';
import type { FeatureTable } from './featureTable.ts';

/** By feature; either sign. */
export type FeatureWeights = Readonly<Record<string, number>>;

export interface RerankDecision {
  /** Place of the chosen candidate; of equals the first. */
  readonly choice: number;
  /** The weighted sum of every candidate. */
  readonly scores: Float64Array;
}

/** The weights must name the table's features, all of them and no other. */
export function decideByRerank(table: FeatureTable, weights: FeatureWeights): RerankDecision {
  const scores = linearScores(table, weightList(table.names, weights));
  return { choice: argmax(scores), scores };
}

function weightList(names: readonly string[], weights: FeatureWeights): Float64Array {
  const stray = Object.keys(weights).find((name) => !names.includes(name));
  if (stray !== undefined) {
    throw badInput(`weights: "${stray}" is none of the features ${names.join(', ')}`);
  }
  return Float64Array.from(names, (name) => {
    const weight = Object.hasOwn(weights, name) ? weights[name]! : Number.NaN;
    if (Number.isFinite(weight)) return weight;
    throw badInput(`weights: that of feature "${name}" is ${weight}`);
  });
}

/** @param weights in the order of the table's names */
export function linearScores({ names, values }: FeatureTable, weights: Float64Array): Float64Array {
  const width = names.length;
  return Float64Array.from({ length: values.length / width }, (_, c) => {
    let sum = 0;
    for (let f = 0; f < width; f++) sum += weights[f]! * values[c * width + f]!;
    return sum;
  });
}
