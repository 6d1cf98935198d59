/** Logged tokens in the two forms that OpenAI's API has for them. */

import type { CompletionLogprobs, TokenLogProbability } from './schema/responses.ts';
import type { LoggedToken, TokenText } from './tokenLog.ts';

/** Of `/v1/chat/completions`. */
export function chatLogprobs(tokens: readonly LoggedToken[]) {
  const content = tokens.map(
    (token): TokenLogProbability => ({
      ...entryOf(token),
      top_logprobs: token.alternatives.map(entryOf),
    }),
  );
  return { content, refusal: null };
}

function entryOf({ text, bytes, logProbability }: TokenText) {
  return { token: text, logprob: logProbability, bytes: bytes ? [...bytes] : null };
}

/** Of `/v1/completions`; the token itself is always among the most probable ones. */
export function completionLogprobs(tokens: readonly LoggedToken[]): CompletionLogprobs {
  return {
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logProbability }) => logProbability),
    top_logprobs: tokens.map((token) => byText([...token.alternatives, token])),
    text_offset: tokens.map(({ offset }) => offset),
  };
}

/** Of tokens with the same text the most probable counts. */
function byText(tokens: readonly TokenText[]): Record<string, number> {
  const best = new Map<string, number>();
  for (const { text, logProbability } of tokens) {
    best.set(text, Math.max(logProbability, best.get(text) ?? Number.NEGATIVE_INFINITY));
  }
  return Object.fromEntries(best);
}
