/** Features of every item's candidates: MBR and, where they are asked for, the members' own scores. */

import type { Item, RequestOptions, TextScore } from '../../model/languageModel.ts';
import type { ItemCandidates } from './candidate.ts';
import { assertFeatureNames, featureTable, scoringMembers } from './features.ts';
import { type FeatureTable, standardised } from './featureTable.ts';
import { memberWeights, type OutputMember } from './gatherCandidates.ts';
import { decideByMbr, type MbrSettings } from './mbr.ts';
import { memberScores } from './memberScores.ts';
import { eachInTurn } from './turns.ts';

export interface FeatureSettings {
  readonly names: readonly string[];
  /** Its member weights are those of the members. */
  readonly mbr: Omit<MbrSettings, 'memberWeights'>;
  /** 1 unless said otherwise: log-probabilities per token. */
  readonly lengthPenalty?: number;
  /** Each feature with mean 0 and variance 1 over an item's candidates; not unless said so. */
  readonly standardise?: boolean;
}

/** A table per item, to rerank by or to fit weights on. */
export async function itemFeatures(
  members: readonly OutputMember[],
  items: readonly Item[],
  candidates: readonly ItemCandidates[],
  settings: FeatureSettings,
  options: RequestOptions = {},
): Promise<readonly FeatureTable[]> {
  const { names, mbr, lengthPenalty = 1, standardise = false } = settings;
  const weights = memberWeights(members);
  assertFeatureNames(names, [...weights.keys()]);
  const scores = await scoresByMember(members, items, candidates, names, options);
  return eachInTurn(items, options.signal, (item, i) => {
    const own = candidates[i]!;
    const { expectedUtilities } = decideByMbr(own, { ...mbr, memberWeights: weights });
    const table = featureTable(names, {
      ...{ item, candidates: own, expectedUtilities, lengthPenalty, memberWeights: weights },
      scores: new Map([...scores].map(([member, lists]) => [member, lists[i]!])),
    });
    return standardise ? standardised(table) : table;
  });
}

async function scoresByMember(
  members: readonly OutputMember[],
  items: readonly Item[],
  candidates: readonly ItemCandidates[],
  names: readonly string[],
  options: RequestOptions,
): Promise<ReadonlyMap<string, readonly (readonly TextScore[])[]>> {
  const wanted = scoringMembers(names);
  const scoring = members.filter(({ model }) => wanted.includes(model.name));
  const scores = await Promise.all(
    scoring.map(({ model }) => memberScores(model, items, candidates, options)),
  );
  return new Map(scoring.map(({ model }, i) => [model.name, scores[i]!]));
}
