/**
 * Mixture-of-Agents (J. Wang et al., arXiv:2406.04692): proposers answer side by side, in further
 * layers with the answers of the layer before in view, and an aggregator writes the final answer.
 *
 * Differs from the paper in what a reader sees: answers have no authors, a drawn order, a bound and a
 * fence.
 */

import type { TextResponse } from '../../../model/languageModel.ts';
import { ask, type Proposal, type Question, required } from '../call.ts';
import { drawOrder, fencedCandidates, randomFor } from '../candidates.ts';
import { type Fuse, loneSurvivor, type Outcome } from '../outcome.ts';
import type { PanelMember } from '../plan.ts';
import { withCandidates } from '../prompts.ts';
import { type Asked, propose } from '../propose.ts';
import type { Run } from '../run.ts';

export function aggregateBy(aggregator: PanelMember): Fuse {
  return (run) => aggregate(aggregator, run);
}

async function aggregate(aggregator: PanelMember, run: Run): Promise<Outcome> {
  let proposals = await propose(run, 1, () => ({ request: run.request }));
  for (let layer = 2; layer <= run.plan.layers && proposals.length > 1; layer++) {
    const shown = proposals;
    proposals = await propose(run, layer, ({ name }, sample) =>
      reading(run, shown, [layer, name, sample]),
    );
  }
  return loneSurvivor(proposals) ?? (await writeOutOf(run, aggregator, proposals));
}

async function writeOutOf(
  run: Run,
  aggregator: PanelMember,
  proposals: readonly Proposal[],
): Promise<Outcome> {
  const { request, shown } = reading(run, proposals, ['aggregator']);
  const question: Question<TextResponse> = {
    member: aggregator,
    purpose: { role: 'aggregator', shown },
    request,
    read: (answer) =>
      answer.text.trim() === '' ? { reason: 'the answer is empty' } : { value: answer },
    onText: run.onText,
  };
  const call = await ask(run, question);
  return { answer: required(call, question), call: call.index, isStreamed: true };
}

/** The request with answers to it, in an order of the reader's own. */
function reading(
  { plan, request }: Run,
  proposals: readonly Proposal[],
  reader: unknown[],
): Required<Asked> {
  const random = randomFor(plan.seed, request.prompt, ...reader);
  const shown = drawOrder(proposals, random);
  const texts = shown.map(({ answer }) => answer.text);
  const candidates = fencedCandidates(texts, plan.maxSourceTokens, random);
  return {
    request: {
      ...request,
      prompt: withCandidates(request.prompt, plan.prompts.aggregate, candidates),
    },
    shown: shown.map(({ call }) => call),
  };
}
