/** What each endpoint answers, in OpenAI's forms where they have one. */

import * as z from 'zod';

const finishReason = z.enum(['stop', 'length']);
const place = z.int().min(0);

/** Absent where the model does not tell how many tokens there were. */
export const usage = z.object({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
});

export type Usage = z.infer<typeof usage>;

const token = z.object({
  token: z.string(),
  logprob: z.number(),
  bytes: z
    .array(z.int())
    .nullable()
    .describe('UTF-8; null where the token is part of a character only.'),
});

export const tokenLogProbability = token.extend({ top_logprobs: z.array(token) });

export type TokenLogProbability = z.infer<typeof tokenLogProbability>;

const chatLogprobs = z.object({ content: z.array(tokenLogProbability), refusal: z.null() });

/** A column per property, a place per token. */
const completionLogprobs = z.object({
  tokens: z.array(z.string()),
  token_logprobs: z.array(z.number()),
  top_logprobs: z.array(z.record(z.string(), z.number())),
  text_offset: z.array(z.int()),
});

export type CompletionLogprobs = z.infer<typeof completionLogprobs>;

const head = { id: z.string(), created: z.int(), model: z.string() };

export const chatResponse = z.object({
  ...head,
  object: z.literal('chat.completion'),
  choices: z.array(
    z.object({
      index: place,
      message: z.object({
        role: z.literal('assistant'),
        content: z.string(),
        refusal: z.null(),
      }),
      logprobs: chatLogprobs.nullable(),
      finish_reason: finishReason,
    }),
  ),
  usage: usage.optional(),
});

export type ChatResponse = z.infer<typeof chatResponse>;

export const chatEvent = z.object({
  ...head,
  object: z.literal('chat.completion.chunk'),
  choices: z.array(
    z.object({
      index: place,
      delta: z.object({ role: z.literal('assistant').optional(), content: z.string().optional() }),
      logprobs: chatLogprobs.nullable(),
      finish_reason: finishReason.nullable(),
    }),
  ),
  usage: usage.nullable().optional(),
});

export type ChatEvent = z.infer<typeof chatEvent>;

const completionChoice = z.object({
  index: place,
  text: z.string(),
  logprobs: completionLogprobs.nullable(),
  finish_reason: finishReason,
});

export const completionResponse = z.object({
  ...head,
  object: z.literal('text_completion'),
  choices: z.array(completionChoice),
  usage: usage.optional(),
});

export type CompletionResponse = z.infer<typeof completionResponse>;

export const completionEvent = completionResponse.extend({
  choices: z.array(completionChoice.extend({ finish_reason: finishReason.nullable() })),
  usage: usage.nullable().optional(),
});

export type CompletionEvent = z.infer<typeof completionEvent>;

function list<Entry extends z.ZodType>(entry: Entry) {
  return z.object({
    object: z.literal('list'),
    model: z.string(),
    data: z.array(entry),
    missing: z
      .array(z.string())
      .optional()
      .describe('Members of an ensemble that it had to do without.'),
  });
}

export const classifyResponse = list(
  z.object({
    index: place,
    label: z.string(),
    probabilities: z.record(z.string(), z.number()),
  }),
);

export type ClassifyResponse = z.infer<typeof classifyResponse>;

export const translateResponse = list(
  z.object({
    index: place,
    text: z.string(),
    logprob: z.number().optional().describe('Natural logarithm, of the whole text.'),
  }),
);

export type TranslateResponse = z.infer<typeof translateResponse>;

export const embeddingResponse = list(
  z.object({
    object: z.literal('embedding'),
    index: place,
    embedding: z.union([z.array(z.number()), z.string()]),
  }),
);

export type EmbeddingResponse = z.infer<typeof embeddingResponse>;

export const modelEntry = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.literal('lmfuse'),
  capabilities: z
    .array(z.string())
    .describe('What it can do: classify, next, embed, score, respond, write, chatPrompt.'),
});

export type ModelEntry = z.infer<typeof modelEntry>;

export const modelList = z.object({ object: z.literal('list'), data: z.array(modelEntry) });

export const health = z.object({ status: z.literal('ok') });

export const errorResponse = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string(),
  }),
});
