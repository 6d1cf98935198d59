/**
 * Log-probabilities of tokens as servers write them, in one form. There are two spellings, and some
 * servers use the one of the other API, so that both are read everywhere.
 */

import * as z from 'zod';

/** A token that might have stood at a place, and how probable it was. */
export interface TokenAlternative {
  readonly text: string;
  readonly logProbability: number;
}

/** A token of a text. */
export interface WrittenToken {
  readonly text: string;
  /** The first token of an echoed text has none, as nothing comes before it. */
  readonly logProbability: number | undefined;
  /** Most probable first. */
  readonly alternatives: readonly TokenAlternative[];
}

/** Rounding makes some a little greater than 0. */
const logProbability = z
  .number()
  .max(1e-3)
  .transform((value) => Math.min(0, value));

const alternative = z.object({ token: z.string(), logprob: logProbability });

/** `/chat/completions`. */
const listForm = z
  .object({
    // Or else a faulty answer in the other spelling would be one without any.
    tokens: z.undefined().optional(),
    content: z
      .array(alternative.extend({ top_logprobs: z.array(alternative).nullish() }))
      .nullish(),
  })
  .transform(({ content }) =>
    content?.map(
      ({ token, logprob, top_logprobs }): WrittenToken => ({
        text: token,
        logProbability: logprob,
        alternatives: sorted(
          (top_logprobs ?? []).map((each) => ({
            text: each.token,
            logProbability: each.logprob,
          })),
        ),
      }),
    ),
  );

/** `/completions`. */
const columnForm = z
  .object({
    tokens: z.array(z.string()),
    token_logprobs: z.array(logProbability.nullable()),
    top_logprobs: z.array(z.record(z.string(), logProbability).nullable()).nullish(),
  })
  .refine(({ tokens, token_logprobs }) => tokens.length === token_logprobs.length, {
    error: 'tokens and token_logprobs differ in length',
  })
  .transform(({ tokens, token_logprobs, top_logprobs }) =>
    tokens.map(
      (text, t): WrittenToken => ({
        text,
        logProbability: token_logprobs[t] ?? undefined,
        alternatives: sorted(
          Object.entries(top_logprobs?.[t] ?? {}).map(([other, value]) => ({
            text: other,
            logProbability: value,
          })),
        ),
      }),
    ),
  );

/** Undefined where the server gives none. */
export const tokenLogProbabilities = z
  .union([columnForm, listForm])
  .nullish()
  .transform((tokens) => tokens ?? undefined);

/** Of the tokens together; undefined when one of them has none. */
export function sumLogProbabilities(tokens: readonly WrittenToken[]): number | undefined {
  let sum = 0;
  for (const { logProbability } of tokens) {
    if (logProbability === undefined) return undefined;
    sum += logProbability;
  }
  return sum;
}

function sorted(alternatives: readonly TokenAlternative[]): TokenAlternative[] {
  return alternatives.toSorted((a, b) => b.logProbability - a.logProbability);
}
