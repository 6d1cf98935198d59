/**
 * What a server said, made fit for the one sentence of an error: its own message out of the JSON
 * around it, without control characters (a terminal obeys them), without the key, and short.
 */

import * as z from 'zod';

/** Room for the reason, not for a page of HTML. */
const MAX_CHARACTERS = 300;

const text = z.string().min(1);

/** OpenAI and most others; vLLM; FastAPI; Ollama and others. The first that fits. */
const errorBody = z.union([
  z.object({ error: z.object({ message: text }) }).transform(({ error }) => error.message),
  z.object({ error: text }).transform(({ error }) => error),
  z.object({ message: text }).transform(({ message }) => message),
  z.object({ detail: text }).transform(({ detail }) => detail),
  z
    .object({ detail: z.array(z.object({ msg: text })).min(1) })
    .transform(({ detail }) => detail.map(({ msg }) => msg).join('; ')),
]);

/** The message in the body of a failed request; the body itself where it has no known form. */
export function messageIn(body: string): string {
  const json = parsedOrUndefined(body);
  if (json === undefined) return body;
  const known = errorBody.safeParse(json);
  // Written anew, so that the key stands in it as JSON.stringify would write it.
  return known.success ? known.data : JSON.stringify(json);
}

/** Redacts before it shortens, as half a key would not be found. */
export function printableMessage(message: string, redact: (text: string) => string): string {
  const line = message.replace(/(?!\s)[\p{Cc}\p{Cf}\p{Cs}]/gu, '').replace(/\s+/g, ' ');
  const characters = [...redact(line.trim())];
  if (characters.length <= MAX_CHARACTERS) return characters.join('');
  return `${characters.slice(0, MAX_CHARACTERS).join('')}...`;
}

export function parsedOrUndefined(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
