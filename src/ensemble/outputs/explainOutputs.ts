/** What a fusion of whole outputs writes for each item, and why. */

import type { Item, RequestOptions } from '../../model/languageModel.ts';
import type { Candidate, ItemCandidates } from './candidate.ts';
import type { FeatureTable } from './featureTable.ts';
import { gatherCandidates, memberWeights, type OutputMember } from './gatherCandidates.ts';
import { itemFeatures } from './itemFeatures.ts';
import { decideByMbr } from './mbr.ts';
import {
  assertOutputsSettings,
  type MbrOutputs,
  type OutputsSettings,
  type RerankOutputs,
} from './outputsSettings.ts';
import { decideByRerank } from './rerank.ts';
import { eachInTurn } from './turns.ts';

export interface ExplainedCandidate extends Candidate {
  readonly isChosen: boolean;
  /** What candidates are compared by: the expected utility, or the weighted sum of features. */
  readonly score: number;
  /** Its share as a reference. Of mbr only. */
  readonly weight?: number;
  /** By name. Of rerank only. */
  readonly features?: Readonly<Record<string, number>>;
}

export interface ExplainedOutput {
  readonly id: string;
  readonly text: string;
  /** Those of the first member, then of the second, and so on. */
  readonly candidates: readonly ExplainedCandidate[];
}

/** One output per item. */
export async function explainOutputs(
  members: readonly OutputMember[],
  settings: OutputsSettings,
  items: readonly Item[],
  options: RequestOptions = {},
): Promise<readonly ExplainedOutput[]> {
  assertOutputsSettings(members, settings);
  const { candidates, onMemberFailure, method } = settings;
  const gathered = await gatherCandidates(members, items, candidates, options, onMemberFailure);
  return method === 'mbr'
    ? explainMbr(members, settings, items, gathered, options)
    : explainRerank(members, settings, items, gathered, options);
}

function explainMbr(
  members: readonly OutputMember[],
  { mbr }: MbrOutputs,
  items: readonly Item[],
  candidates: readonly ItemCandidates[],
  { signal }: RequestOptions,
): Promise<readonly ExplainedOutput[]> {
  const settings = { ...mbr, memberWeights: memberWeights(members) };
  return eachInTurn(items, signal, (item, i) => {
    const { choice, expectedUtilities, weights } = decideByMbr(candidates[i]!, settings);
    return explained(item, candidates[i]!, choice, (place) => {
      return { score: expectedUtilities[place]!, weight: weights[place]! };
    });
  });
}

async function explainRerank(
  members: readonly OutputMember[],
  { weights, ...settings }: RerankOutputs,
  items: readonly Item[],
  candidates: readonly ItemCandidates[],
  options: RequestOptions,
): Promise<readonly ExplainedOutput[]> {
  const wanted = { ...settings, names: Object.keys(weights) };
  const tables = await itemFeatures(members, items, candidates, wanted, options);
  return items.map((item, i) => {
    const { choice, scores } = decideByRerank(tables[i]!, weights);
    return explained(item, candidates[i]!, choice, (place) => {
      return { score: scores[place]!, features: featuresOf(tables[i]!, place) };
    });
  });
}

function featuresOf({ names, values }: FeatureTable, place: number): Record<string, number> {
  return Object.fromEntries(names.map((name, f) => [name, values[place * names.length + f]!]));
}

function explained(
  { id }: Item,
  candidates: ItemCandidates,
  choice: number,
  reasons: (place: number) => Pick<ExplainedCandidate, 'score' | 'weight' | 'features'>,
): ExplainedOutput {
  return {
    id,
    text: candidates[choice]!.text,
    candidates: candidates.map((candidate, place) => {
      return { ...candidate, isChosen: place === choice, ...reasons(place) };
    }),
  };
}
