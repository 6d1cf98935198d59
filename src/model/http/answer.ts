/** The body of an HTTP answer as it arrives: within a bound, and with failures told apart. */

import { badInput, type FusionError } from '../../errors.ts';
import { printableMessage } from './serverMessage.ts';

/** What another attempt may mend. Becomes a FusionError where no other follows. */
export class TransientFailure extends Error {
  readonly retryAfterMs: number | undefined;

  constructor(reason: string, retryAfterMs?: number) {
    super(reason);
    this.retryAfterMs = retryAfterMs;
  }
}

/** What there is to say about a place on the server. */
export interface Place {
  readonly url: string;
  readonly redact: (text: string) => string;
}

export interface Answer extends Place {
  readonly contentType: string;
  readonly chunks: () => AsyncIterable<Uint8Array>;
  /** Throws when the request has been stopped, even if more of the answer is here already. */
  readonly throwIfStopped: () => void;
}

export function refusal({ url }: Pick<Place, 'url'>, reason: string): FusionError {
  return badInput(`${url}: ${reason}`);
}

/** What the server said, for a message. */
export function quote({ redact }: Pick<Place, 'redact'>, text: string): string {
  return JSON.stringify(printableMessage(text, redact));
}

export async function readText(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of chunks) text += decoder.decode(bytes, { stream: true });
  return text + decoder.decode();
}

/** The reader itself, as not every browser iterates over a stream. */
export async function* readChunks(
  { body }: Response,
  maxBytes: number,
  onTooLong: () => Error,
): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  let byteLength = 0;
  while (reader !== undefined) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw new TransientFailure(`the connection broke off${errorCode(error)}`);
    });
    if (done) return;
    byteLength += value.byteLength;
    if (byteLength > maxBytes) throw onTooLong();
    yield value;
  }
}

/** ` (ECONNREFUSED)`. Not the message, which can hold bytes of the answer. */
export function errorCode(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : '';
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) ? ` (${code})` : '';
}
