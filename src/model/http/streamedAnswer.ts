/** Puts a streamed answer together, and hands its text on piece by piece. */

import { type Answer, quote, refusal, TransientFailure } from './answer.ts';
import type { AnswerPart, HttpApi, Usage } from './apiForm.ts';
import { parseAnswer, readWhole } from './parseAnswer.ts';
import { createServerEventParser, type ServerEvent } from './serverEvents.ts';
import { messageIn } from './serverMessage.ts';
import type { WrittenToken } from './tokenLogProbabilities.ts';

/** What the OpenAI API ends its streams with. */
const DONE = '[DONE]';

/** `onText` is called with no empty piece, and never after the request was stopped. */
export async function readStreamed(
  answer: Answer,
  api: HttpApi,
  onText: (piece: string) => void,
): Promise<AnswerPart> {
  const parts: AnswerPart[] = [];
  for await (const part of partsOf(answer, api)) {
    answer.throwIfStopped();
    parts.push(part);
    if (part.text !== '') onText(part.text);
  }
  const whole = joinParts(parts);
  // A proxy that gives up ends a stream as if all had been said.
  if (whole.finish === undefined) throw new TransientFailure('the answer ended before its end');
  return whole;
}

async function* partsOf(answer: Answer, api: HttpApi): AsyncGenerator<AnswerPart> {
  // Some servers do not stream, whatever they are asked.
  if (answer.contentType.startsWith('application/json')) {
    const whole = await readWhole(answer, api);
    yield { ...whole, finish: whole.finish ?? 'stop' };
    return;
  }
  const parser = createServerEventParser();
  for await (const bytes of answer.chunks()) {
    for (const event of parser.push(bytes)) {
      if (event.data.trim() === DONE) return;
      yield partOf(event, api, answer);
    }
  }
}

function partOf({ type, data }: ServerEvent, api: HttpApi, answer: Answer): AnswerPart {
  if (type === 'error') throw refusal(answer, `answered: ${quote(answer, messageIn(data))}`);
  return parseAnswer(data, api, answer);
}

export function joinParts(parts: readonly AnswerPart[]): AnswerPart {
  let usage: Usage = {};
  let finish: string | undefined;
  let hasChoice = false;
  for (const part of parts) {
    usage = { ...usage, ...part.usage };
    finish = part.finish ?? finish;
    hasChoice ||= part.hasChoice;
  }
  const text = parts.map((part) => part.text).join('');
  return { text, finish, tokens: joinTokens(parts), usage, hasChoice };
}

/** Undefined when a piece of the text came without its tokens: the rest would not be the whole. */
function joinTokens(parts: readonly AnswerPart[]): WrittenToken[] | undefined {
  const isComplete = parts.every(({ text, tokens }) => text === '' || tokens?.length);
  const given = parts.filter(({ tokens }) => tokens !== undefined);
  return isComplete && given.length > 0 ? given.flatMap(({ tokens }) => tokens ?? []) : undefined;
}
