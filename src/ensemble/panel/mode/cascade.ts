/**
 * Members in turn, cheap ones first, until one is confident enough of its answer (L. Chen, M. Zaharia
 * and J. Zou, "FrugalGPT", arXiv:2305.05176):
 *
 *   answer of member i  if  confidence_i >= threshold,  else on to member i + 1.
 *
 * The confidence is the mean log-probability of the answer's tokens, a judge's rating / 10, or a
 * function of the caller. The last member's answer is taken whatever its confidence would be. Members
 * that fail are passed over where failures may be dropped; if the last ones do, the most confident
 * answer so far is given.
 */

import { badInput } from '../../../errors.ts';
import type { TextResponse } from '../../../model/languageModel.ts';
import { ask, type Proposal, type Question, required } from '../call.ts';
import type { Measure } from '../confidence.ts';
import { type Fuse, type Outcome, verbatim } from '../outcome.ts';
import { proposalOf, readUsable } from '../propose.ts';
import { type Run, throwIfEnded, tooFew } from '../run.ts';

export function cascadeBy(measure: Measure): Fuse {
  return (run) => cascade(measure, run);
}

async function cascade(measure: Measure, run: Run): Promise<Outcome> {
  const { proposers, threshold, onFailure } = run.plan;
  let best: { readonly proposal: Proposal; readonly confidence: number } | undefined;
  for (const [place, member] of proposers.entries()) {
    const question: Question<TextResponse> = {
      member,
      purpose: { role: 'proposer' },
      request: run.request,
      read: readUsable(run),
    };
    const call = await ask(run, question);
    throwIfEnded(run);
    if (call.value === undefined && onFailure !== 'error') continue;
    const proposal = proposalOf(question, call, required(call, question));
    if (place === proposers.length - 1) return verbatim(proposal);
    const confidence = await measured(measure, run, proposal);
    if (confidence >= threshold) return verbatim(proposal);
    if (best === undefined || confidence > best.confidence) best = { proposal, confidence };
  }
  if (best) return verbatim(best.proposal);
  throw tooFew(0, 1, run);
}

async function measured(measure: Measure, run: Run, proposal: Proposal): Promise<number> {
  const confidence = await measure(run, proposal);
  throwIfEnded(run);
  if (Number.isNaN(confidence)) throw badInput(`member ${proposal.member}: its confidence is NaN`);
  run.record.note(proposal.call, { confidence });
  return confidence;
}
