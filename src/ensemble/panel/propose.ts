/**
 * The question to several members side by side, until enough usable answers are there.
 *
 * With the `enough`th usable answer begins the grace time, and after it the others are cancelled. They
 * are cancelled at once when those that are left cannot reach the number that is needed.
 */

import { linkSignals } from '../../model/http/abort.ts';
import type { TextRequest, TextResponse } from '../../model/languageModel.ts';
import { ask, type Call, type Proposal, type Question, type Reading } from './call.ts';
import type { PanelMember } from './plan.ts';
import { type Run, throwIfEnded, tooFew } from './run.ts';

/** What a proposer is asked, and which calls' answers it is shown. */
export interface Asked {
  readonly request: TextRequest;
  readonly shown?: readonly number[];
}

/** Usable answers of a layer, in the order in which members are listed; as many as are needed. */
export async function propose(
  run: Run,
  layer: number,
  askedOf: (member: PanelMember, sample: number) => Asked,
): Promise<readonly Proposal[]> {
  const { proposers, samples } = run.plan;
  const questions = proposers.flatMap((member) =>
    Array.from({ length: samples }, (_, i) => {
      const { request, ...shown } = askedOf(member, i + 1);
      return {
        member,
        purpose: {
          role: 'proposer' as const,
          ...(run.plan.layers > 1 ? { layer } : {}),
          ...(samples > 1 ? { sample: i + 1 } : {}),
          ...shown,
        },
        request: seeded(request, i, run.plan.seed),
        read: readUsable(run),
      };
    }),
  );
  return (await gather(run, questions)).toSorted((a, b) => a.call - b.call);
}

/** Or several samples of a local model would be the same. */
function seeded(request: TextRequest, sample: number, seed: number): TextRequest {
  if (sample === 0) return request;
  return { ...request, seed: ((request.seed ?? seed) + sample) % 2 ** 32 };
}

/** Whether an answer will do as one of the panel's. */
export function readUsable({
  plan,
  request,
}: Run): (answer: TextResponse) => Reading<TextResponse> {
  return (answer) => {
    if (answer.text.trim() === '') return { reason: 'the answer is empty' };
    if (answer.finish === 'length' && !plan.allowCut) {
      return { reason: 'the answer was cut at its longest' };
    }
    const reason = plan.refuse?.(answer, request);
    return reason === undefined ? { value: answer } : { reason };
  };
}

/** Usable answers in the order in which they came. */
export async function gather(
  run: Run,
  questions: readonly Question<TextResponse>[],
): Promise<readonly Proposal[]> {
  const { plan } = run;
  const { signal, abort, unlink } = linkSignals([run.signal], run.listenTo);
  const usable: Proposal[] = [];
  let open = questions.length;
  let endGrace = () => {};
  const settle = (question: Question<TextResponse>, call: Call<TextResponse>) => {
    open--;
    if (call.value) usable.push(proposalOf(question, call, call.value));
    if (usable.length + open < plan.needed) abort();
    if (call.value && usable.length === plan.enough && !signal.aborted) {
      endGrace = afterGrace(run, abort);
    }
  };
  try {
    await Promise.all(
      questions.map(async (question) => settle(question, await ask(run, question, signal))),
    );
  } finally {
    endGrace();
    abort();
    unlink();
  }
  throwIfEnded(run);
  if (usable.length < plan.needed) throw tooFew(usable.length, plan.needed, run);
  return usable;
}

function afterGrace({ plan: { clock, graceMs } }: Run, end: () => void): () => void {
  if (graceMs > 0) return clock.after(graceMs, end);
  end();
  return () => {};
}

export function proposalOf(
  { member: { name, weight }, purpose }: Question<TextResponse>,
  { index }: Call<TextResponse>,
  answer: TextResponse,
): Proposal {
  return { call: index, member: name, weight, sample: purpose.sample ?? 1, answer };
}
