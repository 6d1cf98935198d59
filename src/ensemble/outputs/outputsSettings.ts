/** How whole outputs are fused: which texts are proposed, and how one is chosen. */

import { type CandidateSettings, countsOf } from './candidate.ts';
import { assertFeatureNames } from './features.ts';
import { memberWeights, type OnMemberFailure, type OutputMember } from './gatherCandidates.ts';
import type { FeatureSettings } from './itemFeatures.ts';
import type { MbrSettings } from './mbr.ts';
import { checkedWeight } from './referenceWeights.ts';
import type { FeatureWeights } from './rerank.ts';

interface CommonSettings {
  readonly candidates?: CandidateSettings;
  /**
   * Without it the first member that fails to write is the error; with it the others go on. A member
   * whose score is a feature is needed all the same.
   */
  readonly onMemberFailure?: OnMemberFailure;
}

export interface MbrOutputs extends CommonSettings {
  readonly method: 'mbr';
  /** Its member weights are those of the members. */
  readonly mbr: Omit<MbrSettings, 'memberWeights'>;
}

export interface RerankOutputs extends CommonSettings, Omit<FeatureSettings, 'names'> {
  readonly method: 'rerank';
  /** Of the features that count. */
  readonly weights: FeatureWeights;
}

export type OutputsSettings = MbrOutputs | RerankOutputs;

/** Whatever can be known to be wrong before a member is asked. */
export function assertOutputsSettings(
  members: readonly OutputMember[],
  settings: OutputsSettings,
): void {
  const weights = memberWeights(members);
  for (const [member, weight] of weights) checkedWeight(weight, member);
  countsOf(settings.candidates ?? {});
  if (settings.method === 'mbr') return;
  assertFeatureNames(Object.keys(settings.weights), [...weights.keys()]);
}
