/**
 * The two OpenAI-compatible APIs as data: what a request for either has in it, and what is read from
 * its answers. Of an answer only what is needed is looked at, as every server adds fields of its own.
 */

import * as z from 'zod';
import { badInput } from '../../errors.ts';
import type { TextRequest } from '../languageModel.ts';
import { tokenLogProbabilities, type WrittenToken } from './tokenLogProbabilities.ts';

export type HttpApi = 'chat' | 'completions';

export interface ApiForm {
  readonly path: string;
  readonly promptFields: (prompt: TextRequest['prompt']) => object;
  /** Asks for the log-probabilities of tokens, and of as many alternatives to each. */
  readonly logProbabilityFields: (alternatives: number) => object;
  readonly answer: z.ZodType<AnswerPart>;
}

/** An answer, or a piece of a streamed one. */
export interface AnswerPart {
  readonly text: string;
  readonly finish: string | undefined;
  readonly tokens: readonly WrittenToken[] | undefined;
  readonly usage: Usage;
  /** The last piece of a stream tells the usage alone. */
  readonly hasChoice: boolean;
}

/** Of tokens, as far as the server tells. */
export interface Usage {
  readonly inputTokens?: number;
  readonly outputTokens?: number;
}

const count = z.number().int().nonnegative().nullish();

const usage = z
  .object({ prompt_tokens: count, completion_tokens: count })
  .nullish()
  .transform(
    (given): Usage => ({
      ...(given?.prompt_tokens == null ? {} : { inputTokens: given.prompt_tokens }),
      ...(given?.completion_tokens == null ? {} : { outputTokens: given.completion_tokens }),
    }),
  );

const choice = z.object({ finish_reason: z.string().nullish(), logprobs: tokenLogProbabilities });

/** A refusal is what the model said. */
const message = z.object({ content: z.string().nullish(), refusal: z.string().nullish() });

const chatChoice = choice
  .extend({ message: message.nullish(), delta: message.nullish() })
  .refine((given) => given.message ?? given.delta, { error: 'has no message' })
  .transform(({ message, delta, ...rest }) => {
    const said = message ?? delta;
    return { ...rest, text: said?.content ?? said?.refusal ?? '' };
  });

const completionChoice = choice.extend({ text: z.string() });

export const API_FORMS: Readonly<Record<HttpApi, ApiForm>> = {
  chat: {
    path: '/chat/completions',
    promptFields: (prompt) => ({
      messages: typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt,
    }),
    logProbabilityFields: (alternatives) => ({
      logprobs: true,
      ...(alternatives > 0 ? { top_logprobs: alternatives } : {}),
    }),
    answer: answerOf(chatChoice),
  },
  completions: {
    path: '/completions',
    promptFields: (prompt) => ({ prompt: plainPrompt(prompt) }),
    // Some servers take 0 for "none", though it should leave out the alternatives alone.
    logProbabilityFields: (alternatives) => ({ logprobs: Math.max(1, alternatives) }),
    answer: answerOf(completionChoice),
  },
};

function answerOf(
  choiceSchema: typeof chatChoice | typeof completionChoice,
): z.ZodType<AnswerPart> {
  return z
    .object({ choices: z.array(choiceSchema), usage })
    .transform(({ choices: [first], usage }) => ({
      text: first?.text ?? '',
      finish: first?.finish_reason ?? undefined,
      tokens: first?.logprobs,
      usage,
      hasChoice: first !== undefined,
    }));
}

function plainPrompt(prompt: TextRequest['prompt']): string {
  if (typeof prompt === 'string') return prompt;
  throw badInput(`the prompt is a list of messages, which needs the API 'chat', not 'completions'`);
}
