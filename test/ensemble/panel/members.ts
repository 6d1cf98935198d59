/** Members of a panel for tests: real endpoints on this machine, and a clock that is moved by hand. */

import type { ServerResponse } from 'node:http';
import { vi } from 'vitest';
import type { Member } from '../../../src/ensemble/member.ts';
import type { Clock } from '../../../src/ensemble/panel/clock.ts';
import type { HttpModelOptions } from '../../../src/model/http/openHttpModel.ts';
import {
  type Asked,
  chatAnswer,
  chatPiece,
  event,
  type FakeEndpoint,
  open,
  sendJson,
  sendPieces,
  startEndpoint,
} from '../../model/http/fakeEndpoint.ts';

export interface EndpointMember extends Member {
  readonly endpoint: FakeEndpoint;
  /** Each prompt that it got: of a conversation, the last message. */
  readonly prompts: () => string[];
}

export interface Answer {
  readonly text: string;
  readonly finish?: 'stop' | 'length';
  readonly input?: number;
  readonly output?: number;
  /** Of each token. */
  readonly logProbabilities?: readonly number[];
}

/** Undefined: never answers. A number: fails with that status. */
export type Script = (prompt: string, asked: Asked, count: number) => Scripted | Promise<Scripted>;
type Scripted = string | Answer | number | undefined;

export async function endpointMember(
  name: string,
  script: Script,
  options: Partial<HttpModelOptions> & { readonly weight?: number } = {},
): Promise<EndpointMember> {
  const endpoint = await startEndpoint(async (asked, response, count) => {
    const scripted = await script(promptOf(asked), asked, count);
    if (scripted === undefined) return;
    if (typeof scripted === 'number') return sendJson(response, { error: 'is ill' }, scripted);
    const answer = typeof scripted === 'string' ? { text: scripted } : scripted;
    send(response, answer, asked.body.stream === true);
  });
  const { weight = 1, ...rest } = options;
  return {
    name,
    model: open(endpoint, { retries: 0, ...rest }),
    weight,
    temperature: 1,
    endpoint,
    prompts: () => endpoint.asked.map(promptOf),
  };
}

export const says = (name: string, answer: Scripted) => endpointMember(name, () => answer);
export const hangs = (name: string) => says(name, undefined);

function promptOf({ body }: Asked): string {
  const messages = body.messages as readonly { readonly content: string }[];
  return messages.at(-1)?.content ?? '';
}

function send(response: ServerResponse, answer: Answer, isStream: boolean): void {
  const { text, finish = 'stop', input = 3, output = 2, logProbabilities } = answer;
  const usage = { prompt_tokens: input, completion_tokens: output };
  if (isStream) {
    const pieces = text.match(/\S+\s*/g) ?? [];
    const end = chatPiece('', { finish_reason: finish });
    sendPieces(response, [...pieces.map((piece) => chatPiece(piece)), end]);
    response.end(event({ choices: [], usage }));
    return;
  }
  const content = logProbabilities?.map((logprob) => ({ token: 'x', logprob }));
  const logprobs = content ? { content } : null;
  sendJson(response, chatAnswer(text, { finish_reason: finish, logprobs }, { usage }));
}

export interface ManualClock extends Clock {
  /** Rings what is due until then, in its order. */
  readonly advance: (milliseconds: number) => void;
  /** Resolves once something is to ring in so many milliseconds from now. */
  readonly waitsFor: (milliseconds: number) => Promise<void>;
  readonly waiting: () => number;
  readonly hasWaiting: (count: number) => Promise<void>;
}

export function manualClock(): ManualClock {
  const bells = new Set<{ readonly at: number; readonly ring: () => void }>();
  let time = 0;
  return {
    now: () => time,
    after(milliseconds, ring) {
      const bell = { at: time + milliseconds, ring };
      bells.add(bell);
      return () => bells.delete(bell);
    },
    advance(milliseconds) {
      time += milliseconds;
      for (const bell of [...bells].sort((a, b) => a.at - b.at)) {
        if (bell.at > time || !bells.delete(bell)) continue;
        bell.ring();
      }
    },
    waitsFor: (milliseconds) =>
      vi.waitFor(() => {
        const isSet = [...bells].some(({ at }) => at === time + milliseconds);
        if (!isSet) throw new Error(`nothing rings in ${milliseconds} ms`);
      }),
    waiting: () => bells.size,
    hasWaiting: (count) =>
      vi.waitFor(() => {
        if (bells.size !== count) throw new Error(`${bells.size} bells`);
      }),
  };
}

/** Resolves once the client has given up as many requests. */
export const abandons = ({ endpoint }: EndpointMember, count: number): Promise<void> =>
  vi.waitFor(() => {
    if (endpoint.abandoned() !== count) throw new Error(`abandoned ${endpoint.abandoned()}`);
  });

/** The texts of the answers that a prompt shows, in their order. */
export function shownIn(prompt: string): string[] {
  const fences = /^BEGIN ANSWER (\d+) ([0-9a-f]{8})\n([\s\S]*?)\nEND ANSWER \1 \2$/gm;
  return [...prompt.matchAll(fences)].map((match) => match[3]!);
}
