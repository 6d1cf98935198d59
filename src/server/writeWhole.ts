/** Texts of models whose tokens are out of reach: those that respond, and those that write whole texts. */

import type { ChatMessage } from '../model/languageModel.ts';
import { badRequest } from './apiError.ts';
import type { Usage } from './schema/responses.ts';
import {
  type Prompt,
  refuseFields,
  stopsOf,
  usageOf,
  type Write,
  type WritingRequest,
} from './writing.ts';

const ONLY_WITH_TOKENS = ['logprobs', 'top_k', 'min_p', 'repetition_penalty'] as const;

/** For models that respond, such as HTTP endpoints: every text is a request of its own. */
export const writeResponses: Write = async (request, { model, signal }, onPiece) => {
  refuseFields(request, ONLY_WITH_TOKENS, `${model.name} does not tell its tokens`);
  const { n = 1 } = request.sampling;
  const asked = request.prompts.flatMap((prompt) =>
    Array.from({ length: n }, (_, sample) => textRequest(prompt, request, sample)),
  );
  const responses = await Promise.all(
    asked.map((each, choice) =>
      model.respond!.respond(each, {
        signal,
        ...(onPiece ? { onText: (text) => onPiece({ choice, text, tokens: [] }) } : {}),
      }),
    ),
  );
  const usage = responses.reduce<Usage | undefined>(
    (sum, { inputTokens, outputTokens }) =>
      sum && inputTokens !== undefined && outputTokens !== undefined
        ? usageOf(sum.prompt_tokens + inputTokens, sum.completion_tokens + outputTokens)
        : undefined,
    usageOf(0, 0),
  );
  const choices = responses.map(({ text, finish }) => ({ text, finish, tokens: [] }));
  return { choices, ...(usage ? { usage } : {}) };
};

function textRequest(prompt: Prompt, { sampling, maxTokens }: WritingRequest, sample: number) {
  const { temperature, top_p: topP, seed } = sampling;
  const stop = stopsOf(sampling);
  const asked = {
    ...{ maxTokens, temperature, topP },
    seed: seed === undefined ? undefined : seed + sample,
    stop: stop.length > 0 ? stop : undefined,
  };
  const given = Object.entries(asked).filter(([, value]) => value !== undefined);
  return { prompt: textOrMessages(prompt), ...Object.fromEntries(given) };
}

function textOrMessages(prompt: Prompt): string | readonly ChatMessage[] {
  if (typeof prompt === 'string' || typeof prompt[0] !== 'number') {
    return prompt as string | readonly ChatMessage[];
  }
  throw badRequest(
    'prompt: tokens are known to the model alone; give a text',
    'bad_input',
    'prompt',
  );
}

const ALL_SETTINGS = [
  ...ONLY_WITH_TOKENS,
  ...(['max_tokens', 'temperature', 'top_p', 'seed', 'stop', 'n'] as const),
] as const;

/** For models that write by a way of their own: of a chat they read what the user said last. */
export const writeItems: Write = async (request, { model, signal }, onPiece) => {
  refuseFields(request, ALL_SETTINGS, `${model.name} writes by settings of its own`);
  const items = request.prompts.map((prompt, i) => ({ id: String(i), text: lastText(prompt) }));
  const written = await model.write!.texts(items, { signal });
  const choices = written.map(({ text }) => ({ text, finish: 'stop' as const, tokens: [] }));
  choices.forEach(({ text }, choice) => {
    onPiece?.({ choice, text, tokens: [] });
  });
  return { choices };
};

function lastText(prompt: Prompt): string {
  const messages = textOrMessages(prompt);
  if (typeof messages === 'string') return messages;
  const last = messages.findLast(({ role }) => role === 'user');
  if (last) return last.content;
  throw badRequest('messages: none is from the user', 'invalid_value', 'messages');
}
