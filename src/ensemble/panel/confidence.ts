/** How sure an answer is, by which a cascade decides whether to go on. */

import { badInput } from '../../errors.ts';
import { abortable } from '../../model/abort.ts';
import type { Proposal } from './call.ts';
import type { PanelFunctions, PanelMember, PanelPlan } from './plan.ts';
import type { Run } from './run.ts';
import { askRating, MAX_RATING } from './verdict.ts';

export type Measure = (run: Run, proposal: Proposal) => Promise<number>;

/** The caller's function goes before the settings. */
export function measureBy(
  { confidenceBy, judge }: PanelPlan,
  { confidence }: PanelFunctions,
): Measure {
  if (confidence) {
    return ({ request, signal }, { answer }) =>
      abortable(Promise.resolve(confidence(answer, request)), signal);
  }
  return confidenceBy === 'judge' && judge ? ratingBy(judge) : meanLogProbability;
}

async function meanLogProbability(_: Run, { member, answer }: Proposal): Promise<number> {
  const { logProbability, outputTokens } = answer;
  if (logProbability !== undefined && outputTokens) return logProbability / outputTokens;
  throw badInput(
    `member ${member}: does not tell the log-probability of its answer, which is the confidence`,
  );
}

function ratingBy(judge: PanelMember): Measure {
  return async (run, proposal) => {
    const { value, reason } = await askRating(run, judge, proposal);
    if (value !== undefined) return value / MAX_RATING;
    if (run.plan.onFailure === 'error') throw badInput(`judge ${judge.name}: ${reason}`);
    // Unrated is not trusted, and the next member is asked.
    return Number.NEGATIVE_INFINITY;
  };
}
