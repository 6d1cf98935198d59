/**
 * One attempt at a request: from sending it to the last byte of the answer, within its time. Does
 * not try again, but says what may be tried again.
 */

import type { FusionError } from '../../errors.ts';
import { linkSignals } from './abort.ts';
import {
  type Answer,
  errorCode,
  type Place,
  quote,
  readChunks,
  readText,
  refusal,
  TransientFailure,
} from './answer.ts';
import type { ApiKey } from './apiKey.ts';
import { parseRetryAfter } from './backoff.ts';
import { messageIn } from './serverMessage.ts';
import type { RequestSettings } from './settings.ts';

export interface Attempt<T> {
  readonly url: string;
  readonly body: string;
  readonly isStream: boolean;
  readonly key: ApiKey;
  readonly settings: RequestSettings;
  readonly read: (answer: Answer) => Promise<T>;
}

const RETRYABLE = [408, 409, 429];

/** 307 and 308 alone have the request sent again as it was. */
const REPEATING_REDIRECTS = [307, 308];
const MAX_REDIRECTS = 3;

/** The reason is at the start of a body; the rest of a large one is not waited for. */
const MAX_ERROR_BYTES = 64 * 1024;

export async function attemptRequest<T>(attempt: Attempt<T>, signal: AbortSignal): Promise<T> {
  const { isStream, settings } = attempt;
  const watch = startWatch(signal, settings.timeoutMs);
  try {
    const response = await send(attempt, watch.signal);
    if (isStream) watch.restart(settings.idleTimeoutMs);
    if (!response.ok) throw await failureOf(response, attempt);
    return await attempt.read(answerOf(response, attempt, watch, signal));
  } catch (error) {
    // The request failed because of the watch, whatever fetch made of it.
    throw error instanceof TransientFailure && watch.timedOut() ? watch.failure() : error;
  } finally {
    watch.end();
  }
}

interface Watch {
  /** Ends with the request, by the caller or by time. */
  readonly signal: AbortSignal;
  readonly restart: (milliseconds: number) => void;
  readonly timedOut: () => boolean;
  readonly failure: () => TransientFailure;
  readonly end: () => void;
}

function startWatch(outer: AbortSignal, firstMs: number): Watch {
  const { signal, abort, unlink } = linkSignals([outer]);
  let timer: ReturnType<typeof setTimeout>;
  let limit = firstMs;
  let late = false;
  const restart = (milliseconds: number) => {
    limit = milliseconds;
    clearTimeout(timer);
    timer = setTimeout(() => {
      late = true;
      abort();
    }, milliseconds);
  };
  restart(firstMs);
  return {
    signal,
    restart,
    timedOut: () => late,
    failure: () => new TransientFailure(`no answer within ${limit} ms`),
    end() {
      clearTimeout(timer);
      unlink();
      // Gives the connection back where the answer was not read to its end.
      abort();
    },
  };
}

async function send<T>(attempt: Attempt<T>, signal: AbortSignal): Promise<Response> {
  let { url } = attempt;
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(url, requestInit(attempt, signal)).catch((error: unknown) => {
      throw new TransientFailure(`could not be reached${errorCode(error)}`);
    });
    if (!isRedirect(response)) return response;
    if (redirects === MAX_REDIRECTS) throw placed(attempt, 'redirects without end');
    url = redirectTarget(response, url, attempt);
  }
}

function requestInit<T>({ key, body, isStream }: Attempt<T>, signal: AbortSignal): RequestInit {
  const headers = new Headers({ 'content-type': 'application/json' });
  headers.set('accept', isStream ? 'text/event-stream, application/json' : 'application/json');
  key.authorize(headers);
  const quiet = { cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer' } as const;
  return { method: 'POST', headers, body, signal, redirect: 'manual', ...quiet };
}

function isRedirect({ status, type }: Response): boolean {
  return type === 'opaqueredirect' || (status >= 300 && status < 400);
}

/** On the same origin, or the key would go to whomever the server names. */
function redirectTarget<T>(response: Response, from: string, attempt: Attempt<T>): string {
  const location = response.headers.get('location') ?? '';
  const target = URL.canParse(location, from) ? new URL(location, from) : undefined;
  const isFollowed =
    REPEATING_REDIRECTS.includes(response.status) &&
    target?.origin === new URL(from).origin &&
    target.username + target.password === '';
  if (isFollowed) return target.href;
  const where = location === '' ? 'elsewhere' : `to ${quote(attempt.key, location)}`;
  throw placed(attempt, `redirects ${where}, which is not followed; name the right URL`);
}

async function failureOf<T>(response: Response, attempt: Attempt<T>): Promise<Error> {
  const { status, headers } = response;
  const body = await readText(readChunks(response, MAX_ERROR_BYTES, tooLong)).catch((error) => {
    if (error instanceof TransientFailure) return '';
    throw error;
  });
  const message = messageIn(body).trim();
  const said = message === '' ? '' : `: ${quote(attempt.key, message)}`;
  const reason = `answered ${status}${said}`;
  const isTransient = RETRYABLE.includes(status) || status >= 500;
  if (!isTransient) return placed(attempt, reason);
  return new TransientFailure(reason, parseRetryAfter(headers.get('retry-after'), Date.now()));
}

/** Its message is done without: half of it might hold half of a key. */
function tooLong(): TransientFailure {
  return new TransientFailure('too long');
}

function answerOf<T>(
  response: Response,
  attempt: Attempt<T>,
  watch: Watch,
  signal: AbortSignal,
): Answer {
  const { settings, isStream } = attempt;
  const { maxResponseBytes } = settings;
  const tooLong = () => placed(attempt, `answered with more than ${maxResponseBytes} bytes`);
  return {
    ...placeOf(attempt),
    contentType: response.headers.get('content-type') ?? '',
    throwIfStopped: () => signal.throwIfAborted(),
    async *chunks() {
      for await (const bytes of readChunks(response, maxResponseBytes, tooLong)) {
        if (isStream) watch.restart(settings.idleTimeoutMs);
        yield bytes;
      }
    },
  };
}

function placeOf<T>({ url, key }: Attempt<T>): Place {
  return { url, redact: key.redact };
}

function placed<T>(attempt: Attempt<T>, reason: string): FusionError {
  return refusal(placeOf(attempt), reason);
}
