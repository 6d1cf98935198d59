/**
 * Fields that several requests share. What a request may say is here and in requests.ts; the same
 * schemas are the OpenAPI description (openApi.ts).
 *
 * Three kinds of fields: those that do something; those that ask for nothing of the model, which are
 * accepted (`HARMLESS`); and those that mean something which is not done, which are accepted where
 * they ask for nothing and refused where they do (`UNSUPPORTED`). Every other field is refused.
 */

import * as z from 'zod';

/** Rows of a batch: each has memory for its whole text. */
export const MOST_TEXTS = 64;

export const model = z
  .string()
  .describe('The name that /v1/models tells; left out, the one model there is.');

export const HARMLESS = {
  user: z.string(),
  metadata: z.record(z.string(), z.unknown()),
  store: z.boolean(),
  service_tier: z.string(),
  safety_identifier: z.string(),
  prompt_cache_key: z.string(),
};

export const SAMPLING = {
  temperature: z
    .number()
    .min(0)
    .describe('Sharpness of the draw. Nothing is drawn without it, top_p, seed or n above 1.'),
  top_p: z.number().gt(0).max(1).describe('Draw among the fewest tokens of this probability.'),
  top_k: z.int().min(0).describe('Draw among so many of the most probable tokens.'),
  min_p: z.number().min(0).max(1).describe('Draw among tokens of at least so much of the best.'),
  repetition_penalty: z
    .number()
    .gt(0)
    .describe('Above 1: tokens that were there are less probable.'),
  seed: z.int().describe('The same seed draws the same text.'),
  stop: z
    .union([z.string().min(1), z.array(z.string().min(1)).max(16)], {
      error: 'is neither a text nor a list of texts',
    })
    .describe('The text ends before the first of these.'),
  n: z.int().min(1).max(MOST_TEXTS).describe('Texts per prompt.'),
};

const sampling = z.object(SAMPLING).partial();

export type Sampling = z.output<typeof sampling>;

export const maxTokens = z.int().min(1).describe('Of the text that is written.');

export const STREAMING = {
  stream: z.boolean().describe('Send the text as server-sent events while it grows.'),
  stream_options: z.strictObject({
    include_usage: z.boolean().optional(),
    include_obfuscation: z
      .literal(false, { error: 'is not done: only false is accepted' })
      .optional(),
  }),
};

/** Accepts the value alone that asks for nothing. */
function only<Value extends string | number | boolean>(value: Value) {
  return z.literal(value, { error: `is not supported: only ${JSON.stringify(value)} is accepted` });
}

const none = z.array(z.unknown()).max(0, { error: 'is not supported: only [] is accepted' });

export const UNSUPPORTED = {
  frequency_penalty: only(0),
  presence_penalty: only(0),
  logit_bias: z.strictObject({}, { error: 'is not supported: only {} is accepted' }),
};

export const UNSUPPORTED_IN_CHATS = {
  tools: none,
  tool_choice: z.enum(['none', 'auto'], { error: 'is not supported: there are no tools' }),
  functions: none,
  function_call: z.enum(['none', 'auto'], { error: 'is not supported: there are no functions' }),
  parallel_tool_calls: z.boolean(),
  response_format: z.strictObject({ type: only('text') }),
  modalities: z.tuple([only('text')], { error: 'is not supported: only ["text"] is accepted' }),
};

export const UNSUPPORTED_IN_COMPLETIONS = {
  best_of: only(1),
  echo: z.literal(false, {
    error: 'is not supported: the log-probability of a given text is told by `lmfuse score`',
  }),
  suffix: only(''),
};

/** Names of the fields that are refused where they ask for something. */
export const UNSUPPORTED_NAMES: readonly string[] = [
  ...Object.keys(UNSUPPORTED),
  ...Object.keys(UNSUPPORTED_IN_CHATS),
  ...Object.keys(UNSUPPORTED_IN_COMPLETIONS),
];
