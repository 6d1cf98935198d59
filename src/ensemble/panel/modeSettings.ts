/** What each mode needs, and which settings mean something in it; any other is a mistake. */

import { badInput } from '../../errors.ts';
import type { FailurePolicy } from '../member.ts';
import type { PanelFunctions, PanelPlan } from './plan.ts';
import { PANEL_MODES, type PanelMode, type PanelSettings } from './settings.ts';

/** Modes that make one answer out of several. */
const GATHERING: readonly PanelMode[] = ['aggregate', 'judge', 'vote'];

const MODES_OF: Partial<Record<keyof PanelSettings, readonly PanelMode[]>> = {
  aggregator: ['aggregate'],
  layers: ['aggregate'],
  judge: ['judge', 'cascade'],
  judging: ['judge'],
  rounds: ['judge'],
  judge_max_tokens: ['judge', 'cascade'],
  confidence: ['cascade'],
  threshold: ['cascade'],
  samples: GATHERING,
  quorum: GATHERING,
  grace_seconds: GATHERING,
  allow_cut: PANEL_MODES.filter((mode) => mode !== 'route'),
};

export function assertMode(
  mode: PanelMode,
  settings: PanelSettings,
  proposals: number,
  functions: PanelFunctions,
): void {
  for (const [key, modes] of Object.entries(MODES_OF)) {
    if (settings[key as keyof PanelSettings] === undefined || modes.includes(mode)) continue;
    throw badInput(`${key}: means nothing in a panel of mode ${mode}, only in ${modes.join(', ')}`);
  }
  if (GATHERING.includes(mode) && proposals < 2) {
    throw badInput(`a panel of mode ${mode} needs 2 answers or more, and there is ${proposals}`);
  }
  assertTogether(settings);
  if (mode === 'cascade') assertCascade(settings, functions);
}

function assertTogether(settings: PanelSettings): void {
  if (settings.rounds !== undefined && settings.judging !== 'listwise') {
    throw badInput('rounds: are those of a listwise judge, and this one compares pairs');
  }
  if (settings.grace_seconds !== undefined && settings.quorum === undefined) {
    throw badInput('grace_seconds: begin with a quorum, and there is none');
  }
}

function assertCascade(
  { confidence, threshold, judge }: PanelSettings,
  functions: PanelFunctions,
): void {
  if (threshold === undefined) throw badInput('a cascade needs a threshold');
  if (confidence === undefined && functions.confidence === undefined) {
    throw badInput('a cascade needs a confidence: log_probability, judge, or a function');
  }
  if ((confidence === 'judge') !== (judge !== undefined)) {
    throw badInput('a cascade has a judge if its confidence is judge, and else none');
  }
}

/** Whoever comes first is enough in `first`; members that are asked in turn have no quorum. */
export function quorumOf(
  mode: PanelMode,
  proposals: number,
  quorum: number | undefined,
  policy: FailurePolicy,
): Pick<PanelPlan, 'needed' | 'enough'> {
  if (!GATHERING.includes(mode)) return { needed: 1, enough: 1 };
  const enough = quorum ?? proposals;
  const needed = neededBy(policy, enough);
  if (enough > proposals) throw badInput(`quorum: ${enough}, but there are ${proposals} answers`);
  if (needed > enough) {
    throw badInput(`on_failure: a quorum of ${needed}, but ${enough} answers are enough`);
  }
  return { needed, enough };
}

function neededBy(policy: FailurePolicy, enough: number): number {
  if (policy === 'error') return enough;
  return policy === 'drop' ? 1 : policy.quorum;
}
