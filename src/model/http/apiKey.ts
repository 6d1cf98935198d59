/**
 * The key of an endpoint. It lives in a closure, so that nothing that prints, inspects or serialises
 * an object can find it, and leaves only as a header. It is given by the caller: nothing here reads
 * the environment.
 */

import { badInput } from '../../errors.ts';
import type { Endpoint } from './endpoint.ts';

export interface ApiKey {
  readonly authorize: (headers: Headers) => void;
  /** The text without the key, which some servers repeat in their errors. */
  readonly redact: (text: string) => string;
}

const REDACTED = '[key]';

export function holdApiKey(key: string | undefined, endpoint: Endpoint): ApiKey {
  if (key === undefined) return { authorize: () => {}, redact: (text) => text };
  assertUsable(key, endpoint);
  // Longest first: the plain form can be part of an escaped one.
  const forms = [...new Set([key, JSON.stringify(key).slice(1, -1), encodeURIComponent(key)])].sort(
    (a, b) => b.length - a.length,
  );
  return {
    authorize: (headers) => headers.set('authorization', `Bearer ${key}`),
    redact: (text) => forms.reduce((rest, form) => rest.replaceAll(form, REDACTED), text),
  };
}

/** What `fetch` says of an invalid header repeats the header, so that it must not get there. */
function assertUsable(key: string, { name, isLoopback, isEncrypted }: Endpoint): void {
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw badInput(`model "${name}": the API key is empty or has characters that no key has`);
  }
  if (!isEncrypted && !isLoopback) {
    throw badInput(
      `model "${name}": an API key is not sent over http:// to another machine, where it could be read on the way; use https://`,
    );
  }
}
