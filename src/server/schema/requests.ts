/** What may be asked of each endpoint. `null` is as if the field were not there (readBody.ts). */

import * as z from 'zod';
import {
  HARMLESS,
  MOST_TEXTS,
  maxTokens,
  model,
  SAMPLING,
  STREAMING,
  UNSUPPORTED,
  UNSUPPORTED_IN_CHATS,
  UNSUPPORTED_IN_COMPLETIONS,
} from './fields.ts';

/** Texts that are only read: they run in batches, one after the other. */
const MOST_INPUTS = 2048;

function optional<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape).partial().shape;
}

const textPart = z.strictObject({
  type: z.literal('text', { error: 'is not supported: only text is read' }),
  text: z.string(),
});

const message = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: z.union([z.string(), z.array(textPart).min(1)], {
    error: 'is neither a text nor a list of parts',
  }),
  name: z.string().optional(),
  tool_calls: z.array(z.never()).max(0, { error: 'are not supported' }).optional(),
});

export type RequestMessage = z.output<typeof message>;

const onlyWithStream = {
  error: 'is for streams: set stream to true',
  path: ['stream_options'],
};

export const chatRequest = z
  .strictObject({
    messages: z.array(message).min(1),
    ...optional({
      ...{ model, ...SAMPLING, ...STREAMING, ...HARMLESS },
      ...{ ...UNSUPPORTED, ...UNSUPPORTED_IN_CHATS },
      max_tokens: maxTokens,
      max_completion_tokens: maxTokens.describe('Another name of max_tokens.'),
      logprobs: z.boolean().describe('Tell the natural logarithm of each token.'),
      top_logprobs: z.int().min(0).max(20).describe('And of so many of the most probable ones.'),
    }),
  })
  .refine((body) => body.stream || !body.stream_options, onlyWithStream)
  .refine((body) => body.logprobs || !body.top_logprobs, {
    error: 'is for log-probabilities: set logprobs to true',
    path: ['top_logprobs'],
  })
  .refine(({ max_tokens: a, max_completion_tokens: b }) => (a ?? b) === (b ?? a), {
    error: 'differs from max_tokens, which means the same',
    path: ['max_completion_tokens'],
  });

export type ChatRequest = z.output<typeof chatRequest>;

const tokens = z.array(z.int().min(0)).min(1);

export const completionRequest = z
  .strictObject({
    prompt: z.union(
      [
        z.string(),
        z.array(z.string()).min(1).max(MOST_TEXTS),
        tokens,
        z.array(tokens).min(1).max(MOST_TEXTS),
      ],
      { error: `is no text, nor the tokens of one, nor a list of either of 1 to ${MOST_TEXTS}` },
    ),
    ...optional({
      ...{ model, ...SAMPLING, ...STREAMING, ...HARMLESS },
      ...{ ...UNSUPPORTED, ...UNSUPPORTED_IN_COMPLETIONS },
      max_tokens: maxTokens,
      logprobs: z
        .int()
        .min(0)
        .max(20)
        .describe('Tell the natural logarithm of each token and of so many of the most probable.'),
    }),
  })
  .refine((body) => body.stream || !body.stream_options, onlyWithStream);

export type CompletionRequest = z.output<typeof completionRequest>;

const input = z.union([z.string(), z.array(z.string()).min(1).max(MOST_INPUTS)], {
  error: 'is neither a text nor a list of texts',
});

const truncate = z
  .union([z.boolean(), z.int().min(1)])
  .describe('Cut what is longer than the model reads, or than so many tokens.');

export const classifyRequest = z.strictObject({
  input,
  ...optional({ model, truncate, ...HARMLESS }),
});

export type ClassifyRequest = z.output<typeof classifyRequest>;

export const translateRequest = z.strictObject({
  input,
  ...optional({
    ...{ model, truncate, ...HARMLESS },
    beams: z.int().min(1).max(MOST_TEXTS).describe('Search with so many; 1 is greedy.'),
    length_penalty: z.number(),
    max_tokens: maxTokens,
    temperature: SAMPLING.temperature,
    top_p: SAMPLING.top_p,
    top_k: SAMPLING.top_k,
    seed: SAMPLING.seed,
  }),
});

export type TranslateRequest = z.output<typeof translateRequest>;

export const embeddingRequest = z.strictObject({
  input,
  ...optional({
    ...{ model, truncate, ...HARMLESS },
    encoding_format: z.enum(['float', 'base64']).describe('base64: float32, little-endian.'),
  }),
});

export type EmbeddingRequest = z.output<typeof embeddingRequest>;
