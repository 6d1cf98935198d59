/**
 * Requests to one server: a limited number at once, tried again when that can help, stopped when the
 * caller says so. Knows nothing of what is asked and answered.
 */

import { FusionError } from '../../errors.ts';
import { createSharedListen, linkSignals, sleep } from './abort.ts';
import { type Answer, refusal, TransientFailure } from './answer.ts';
import { type ApiKey, holdApiKey } from './apiKey.ts';
import { attemptRequest } from './attempt.ts';
import { backoffDelay, MAX_RETRY_AFTER_MS } from './backoff.ts';
import type { Endpoint } from './endpoint.ts';
import { type RequestSettings, requestSettings } from './settings.ts';
import { createTurns } from './turns.ts';

export interface TransportOptions extends Partial<RequestSettings> {
  /** Sent as a Bearer token, to the origin of the URL only. */
  readonly apiKey?: string;
}

export interface HttpRequest<T> {
  /** Below the URL of the endpoint, such as `/completions`. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body: object;
  readonly isStream?: boolean;
  readonly read: (answer: Answer) => Promise<T>;
  /** Whether part of an answer has been passed on already, which another would repeat. */
  readonly hasDelivered?: () => boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface Transport {
  readonly concurrency: number;
  readonly urlOf: (path: string) => string;
  /** The text without the key. */
  readonly redact: (text: string) => string;
  readonly post: <T>(request: HttpRequest<T>) => Promise<T>;
  /** Requests under way, and all later ones, fail as aborted. */
  readonly close: () => void;
}

export function openTransport(endpoint: Endpoint, options: TransportOptions): Transport {
  const settings = requestSettings(options, endpoint.name);
  const key = holdApiKey(options.apiKey, endpoint);
  const turns = createTurns(settings.concurrency);
  const closing = new AbortController();
  const listenTo = createSharedListen();
  const urlOf = (path: string) => endpoint.baseUrl + path;

  async function post<T>(request: HttpRequest<T>): Promise<T> {
    const url = urlOf(request.path);
    const { signal, unlink } = linkSignals([request.signal, closing.signal], listenTo);
    try {
      const giveBack = await turns.take(signal);
      try {
        return await attemptAll(request, url, settings, key, signal);
      } finally {
        giveBack();
      }
    } catch (error) {
      throw signal.aborted ? new FusionError('aborted', `${url}: the request was stopped`) : error;
    } finally {
      unlink();
    }
  }

  return {
    concurrency: settings.concurrency,
    urlOf,
    redact: key.redact,
    post,
    close: () => closing.abort(),
  };
}

/** Keeps its turn while it waits: a server that asks for patience gets fewer requests. */
async function attemptAll<T>(
  request: HttpRequest<T>,
  url: string,
  settings: RequestSettings,
  key: ApiKey,
  signal: AbortSignal,
): Promise<T> {
  const { read, isStream = false } = request;
  const attempt = { url, body: JSON.stringify(request.body), isStream, key, settings, read };
  for (let count = 1; ; count++) {
    try {
      return await attemptRequest(attempt, signal);
    } catch (error) {
      if (!(error instanceof TransientFailure)) throw error;
      if (signal.aborted || !mayRepeat(request, error, count, settings)) {
        throw refusal({ url }, lastWord(error, count));
      }
      await sleep(backoffDelay(count, settings.backoffMs, error.retryAfterMs), signal);
    }
  }
}

function mayRepeat<T>(
  { hasDelivered }: HttpRequest<T>,
  { retryAfterMs = 0 }: TransientFailure,
  count: number,
  { retries }: RequestSettings,
): boolean {
  return count <= retries && retryAfterMs <= MAX_RETRY_AFTER_MS && hasDelivered?.() !== true;
}

function lastWord({ message, retryAfterMs = 0 }: TransientFailure, count: number): string {
  const attempts = count === 1 ? '' : `, in the last of ${count} attempts`;
  const wish =
    retryAfterMs > MAX_RETRY_AFTER_MS
      ? `, and asks to wait ${Math.round(retryAfterMs / 1000)} s, which is too long`
      : '';
  return message + attempts + wish;
}
