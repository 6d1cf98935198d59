/** `/v1/completions`: texts, continued. */

import { completionLogprobs } from './logProbabilities.ts';
import type { CompletionRequest } from './schema/requests.ts';
import type { CompletionEvent, CompletionResponse } from './schema/responses.ts';
import { type Call, cannot, headOf } from './service.ts';
import type { LoggedToken } from './tokenLog.ts';
import { writeTokens } from './writeTokens.ts';
import { writeItems, writeResponses } from './writeWhole.ts';
import type { Prompt, Write, WritingRequest } from './writing.ts';

export async function answerCompletion(
  body: CompletionRequest,
  call: Call,
): Promise<CompletionResponse> {
  const { choices, usage } = await writerOf(call)(writingRequest(body), call);
  return {
    ...headOf('cmpl', call),
    object: 'text_completion',
    choices: choices.map(({ text, finish, tokens }, index) => ({
      index,
      text,
      logprobs: logprobsOf(body, tokens),
      finish_reason: finish,
    })),
    ...(usage ? { usage } : {}),
  };
}

export async function streamCompletion(
  body: CompletionRequest,
  call: Call,
  send: (event: CompletionEvent) => void,
): Promise<void> {
  const withUsage = body.stream_options?.include_usage === true;
  const head = { ...headOf('cmpl', call), object: 'text_completion' as const };
  const sendChoice = (choice: CompletionEvent['choices'][number]) =>
    send({ ...head, ...(withUsage ? { usage: null } : {}), choices: [choice] });
  const { choices, usage } = await writerOf(call)(
    writingRequest(body),
    call,
    ({ choice: index, text, tokens }) => {
      sendChoice({ index, text, logprobs: logprobsOf(body, tokens), finish_reason: null });
    },
  );
  choices.forEach(({ finish }, index) => {
    sendChoice({ index, text: '', logprobs: null, finish_reason: finish });
  });
  if (withUsage) send({ ...head, choices: [], usage: usage ?? null });
}

function logprobsOf({ logprobs }: CompletionRequest, tokens: readonly LoggedToken[]) {
  return logprobs === undefined ? null : completionLogprobs(tokens);
}

function writerOf(call: Call): Write {
  const { next, respond, write } = call.model;
  if (next?.kind === 'causal') return writeTokens;
  if (respond) return writeResponses;
  if (write) return writeItems;
  throw cannot(call, 'does not continue texts');
}

function writingRequest(body: CompletionRequest): WritingRequest {
  return {
    prompts: promptsOf(body.prompt),
    sampling: body,
    maxTokens: body.max_tokens,
    alternatives: body.logprobs,
  };
}

/** A text, texts, the tokens of one, or those of several. */
function promptsOf(prompt: CompletionRequest['prompt']): readonly Prompt[] {
  if (typeof prompt === 'string') return [prompt];
  if (typeof prompt[0] === 'number') return [prompt as number[]];
  return prompt as string[] | number[][];
}
