/** Ensembles by a pool of distributions: over labels where members classify, else over next tokens. */

import { requireAbility } from '../model/abilities.ts';
import type { GenerationDefaults, TokenModel } from '../model/languageModel.ts';
import { textScorer } from '../model/scoreText.ts';
import { tokenExplainer } from './decode/explainTokens.ts';
import { fusedTokenModel } from './decode/fusedTokenModel.ts';
import { sharedVocabularySize } from './decode/sharedVocabulary.ts';
import type { TokenPool } from './decode/tokenPool.ts';
import { fusedClassifier, type LabelPool } from './fusedClassifier.ts';
import type { Capabilities, EnsembleContext } from './kind/kind.ts';
import type { Member } from './member.ts';
import type { LabelPolicy } from './pool/alignLabels.ts';

export interface Pools {
  readonly labels: LabelPool;
  readonly tokens: TokenPool;
}

export interface PooledSettings {
  readonly labels?: LabelPolicy | undefined;
  readonly generation?: GenerationDefaults | undefined;
}

export function pooled(
  members: readonly Member[],
  pools: Pools,
  settings: PooledSettings,
  context: EnsembleContext,
): Capabilities {
  if (context.task === 'text-classification') {
    for (const { model } of members) requireAbility(model, 'classify');
    return fusedClassifier(members, pools.labels, settings.labels ?? 'same', context);
  }
  return fusedWriter(members, pools.tokens, settings, context);
}

function fusedWriter(
  members: readonly Member[],
  pool: TokenPool,
  { generation = {} }: PooledSettings,
  { onFailure }: EnsembleContext,
): Capabilities {
  const named = members.map(({ name, model }) => ({ name, model: requireAbility(model, 'next') }));
  const rule = { members, pool, policy: onFailure, size: sharedVocabularySize(named) };
  const fused = fusedTokenModel(rule);
  const next: TokenModel = { ...fused, defaults: { ...fused.defaults, ...generation } };
  const chatPrompt = members.find(({ model }) => model.chatPrompt)?.model.chatPrompt;
  return {
    next,
    ...(next.kind === 'causal' ? { score: textScorer(next) } : {}),
    ...(chatPrompt ? { chatPrompt } : {}),
    explain: tokenExplainer(rule, next.defaults),
  };
}
