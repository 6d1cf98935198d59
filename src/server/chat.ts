/** `/v1/chat/completions`: a conversation, continued. */

import type { ChatMessage } from '../model/languageModel.ts';
import { chatLogprobs } from './logProbabilities.ts';
import type { ChatRequest, RequestMessage } from './schema/requests.ts';
import type { ChatEvent, ChatResponse } from './schema/responses.ts';
import { type Call, cannot, headOf } from './service.ts';
import { writeTokens } from './writeTokens.ts';
import { writeItems, writeResponses } from './writeWhole.ts';
import type { Write, WritingRequest } from './writing.ts';

export async function answerChat(body: ChatRequest, call: Call): Promise<ChatResponse> {
  const { choices, usage } = await writerOf(call)(writingRequest(body), call);
  return {
    ...headOf('chatcmpl', call),
    object: 'chat.completion',
    choices: choices.map(({ text, finish, tokens }, index) => ({
      index,
      message: { role: 'assistant', content: text, refusal: null },
      logprobs: body.logprobs ? chatLogprobs(tokens) : null,
      finish_reason: finish,
    })),
    ...(usage ? { usage } : {}),
  };
}

export async function streamChat(
  body: ChatRequest,
  call: Call,
  send: (event: ChatEvent) => void,
): Promise<void> {
  const withUsage = body.stream_options?.include_usage === true;
  const head = { ...headOf('chatcmpl', call), object: 'chat.completion.chunk' as const };
  const last = withUsage ? { usage: null } : {};
  const begun = new Set<number>();
  const sendChoice = (
    index: number,
    rest: Partial<Omit<ChatEvent['choices'][number], 'index'>>,
  ) => {
    const role = begun.has(index) ? {} : { role: 'assistant' as const };
    begun.add(index);
    const choice = { index, logprobs: null, finish_reason: null, ...rest };
    const delta = { ...role, ...rest.delta };
    send({ ...head, ...last, choices: [{ ...choice, delta }] });
  };
  const { choices, usage } = await writerOf(call)(
    writingRequest(body),
    call,
    ({ choice, text, tokens }) =>
      sendChoice(choice, {
        delta: { content: text },
        logprobs: body.logprobs ? chatLogprobs(tokens) : null,
      }),
  );
  choices.forEach(({ finish }, index) => {
    sendChoice(index, { finish_reason: finish });
  });
  if (withUsage) send({ ...head, choices: [], usage: usage ?? null });
}

function writerOf(call: Call): Write {
  const { next, chatPrompt, respond, write } = call.model;
  if (next?.kind === 'causal' && chatPrompt) return writeTokens;
  if (respond) return writeResponses;
  if (write) return writeItems;
  throw cannot(call, next?.kind === 'causal' ? 'has no chat template' : 'does not chat');
}

function writingRequest(body: ChatRequest): WritingRequest {
  return {
    prompts: [body.messages.map(chatMessage)],
    sampling: body,
    maxTokens: body.max_tokens ?? body.max_completion_tokens,
    alternatives: body.logprobs ? (body.top_logprobs ?? 0) : undefined,
  };
}

function chatMessage({ role, content }: RequestMessage): ChatMessage {
  const text = typeof content === 'string' ? content : content.map((part) => part.text).join('');
  // OpenAI's newer name of the same.
  return { role: role === 'developer' ? 'system' : role, content: text };
}
