/** The members as the search sees them, and what each is given to continue. */

import { badInput } from '../../errors.ts';
import { fitInput } from '../../model/generate/fitInput.ts';
import { createRules, type RuleSettings } from '../../model/generate/rules.ts';
import type { AgreementItem, AgreementMember, ResolvedSettings } from './settings.ts';
import type { Writer, WriterInput } from './state.ts';
import { createSurfaces } from './surface.ts';

export function createWriters(members: readonly AgreementMember[]): readonly Writer[] {
  const total = members.reduce((sum, { weight }) => sum + weight, 0);
  return members.map(({ model, weight }) => {
    const settings: RuleSettings = {
      bannedTokens: model.bannedTokens,
      endTokens: model.endTokens,
      minNewTokens: 0,
      forcedEndToken: model.defaults.forcedEndToken,
      repetitionPenalty: 1,
    };
    const rules = createRules(settings, model.vocabularySize);
    return { weight: weight / total, surfaces: createSurfaces(model), rules, settings };
  });
}

export function writerInputs(
  members: readonly AgreementMember[],
  { inputs }: AgreementItem,
  index: number,
  { maxNewTokens, truncate }: ResolvedSettings,
): readonly WriterInput[] {
  if (inputs.length !== members.length) {
    throw badInput(
      `input ${index + 1}: for ${inputs.length} members, but there are ${members.length}`,
    );
  }
  return members.map(({ model }, member) => {
    const { tokens, limit } = fitInput(model, inputs[member]!, index, maxNewTokens, truncate);
    return { tokens, limit, prompt: model.kind === 'causal' ? tokens : [] };
  });
}
