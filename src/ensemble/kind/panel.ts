/** `ensemble: panel`, and `vote` over written answers: panel/createPanel.ts. */

import type { Responder } from '../../model/languageModel.ts';
import type { Member } from '../member.ts';
import { createPanel, type Panel, type PanelOptions } from '../panel/createPanel.ts';
import { PANEL_KEYS, type PanelSettings } from '../panel/settings.ts';
import { voteOnAnswers } from '../vote/answers.ts';
import type { AnswerMark } from '../vote/canonicalAnswer.ts';
import { extractSchema } from './answerForm.ts';
import { type Capabilities, defineKind, type EnsembleContext } from './kind.ts';

export const panel = defineKind({
  name: 'panel',
  summary:
    'Whole answers of several models become one: written anew, judged, voted on, or the first.',
  tasks: ['text-generation', 'translation'],
  keys: { ...PANEL_KEYS, extract: extractSchema },
  create: (members, { extract, ...settings }, context) =>
    panelOf(members, settings, extract, context),
});

/** @param extract where in an answer the vote finds what counts */
export function panelOf(
  members: readonly Member[],
  settings: PanelSettings,
  extract: readonly AnswerMark[] | undefined,
  { onFailure }: EnsembleContext,
): Capabilities {
  const options: PanelOptions = { onFailure, vote: voteBy(extract ?? []) };
  const created: Panel = createPanel(members, settings, options);
  const respond: Responder = created;
  return {
    respond,
    explain: async ({ text }, requested = {}) => {
      const { text: answer, report } = await created.respond({ prompt: text }, requested);
      return { kind: 'panel', text: answer, report };
    },
  };
}

function voteBy(extract: readonly AnswerMark[]): NonNullable<PanelOptions['vote']> {
  return (answers) => {
    const texts = answers.map(({ text }) => text);
    const weights = answers.map(({ weight }) => weight);
    const { answer } = voteOnAnswers(texts, { weights, extract });
    return { index: Math.max(0, texts.indexOf(answer ?? '')) };
  };
}
