/** A function of the caller chooses the member that answers; its text streams. */

import { badInput } from '../../../errors.ts';
import { abortable } from '../../../model/abort.ts';
import type { TextResponse } from '../../../model/languageModel.ts';
import { ask, type Question, required } from '../call.ts';
import type { Fuse } from '../outcome.ts';
import type { PanelFunctions } from '../plan.ts';
import type { Run } from '../run.ts';

export function routeBy(route: NonNullable<PanelFunctions['route']>): Fuse {
  return async (run) => {
    const { proposers } = run.plan;
    const names = proposers.map(({ name }) => name);
    const name = await abortable(Promise.resolve(route(run.request, names)), run.signal);
    const member = proposers.find((each) => each.name === name);
    if (!member) throw badInput(`the route leads to ${name}, and there are ${names.join(', ')}`);
    const { request, onText } = run;
    const question: Question<TextResponse> = {
      member,
      purpose: { role: 'proposer' },
      request,
      onText,
      read: readRouted(run),
    };
    const call = await ask(run, question);
    return { answer: required(call, question), call: call.index, isStreamed: true };
  };
}

/** One that is cut is passed on as such: it is the only one, and has been streamed already. */
function readRouted({ plan, request }: Run): Question<TextResponse>['read'] {
  return (answer) => {
    const reason =
      answer.text.trim() === '' ? 'the answer is empty' : plan.refuse?.(answer, request);
    return reason === undefined ? { value: answer } : { reason };
  };
}
