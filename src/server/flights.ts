/**
 * Requests under way: each has a signal that says when to give up, and why. Counting them is how a
 * server that is to end knows when it may.
 */

import { ApiError, clientGone } from './apiError.ts';

export interface Flight {
  /** Its reason is an `ApiError`. */
  readonly signal: AbortSignal;
  readonly stop: (reason: ApiError) => void;
  /** The client has gone. */
  readonly leave: () => void;
  /** Must be called once the last byte is there, or nobody wants it. */
  readonly end: () => void;
}

export interface Flights {
  /** @param client aborted when the client goes */
  readonly begin: (client: AbortSignal) => Flight;
  readonly stopAll: () => void;
  /** Resolves when none is under way. */
  readonly ended: () => Promise<void>;
}

export function createFlights(timeLimitMs: number): Flights {
  const all = new Set<Flight>();
  const waiting = new Set<() => void>();
  const remove = (flight: Flight) => {
    all.delete(flight);
    if (all.size > 0) return;
    for (const go of waiting) go();
    waiting.clear();
  };
  return {
    begin(client) {
      const flight = beginFlight(client, timeLimitMs, () => remove(flight));
      all.add(flight);
      return flight;
    },
    stopAll: () => {
      for (const { stop } of all) stop(shuttingDown());
    },
    ended: () =>
      new Promise((resolve) => {
        if (all.size === 0) resolve();
        else waiting.add(resolve);
      }),
  };
}

function beginFlight(client: AbortSignal, timeLimitMs: number, onEnd: () => void): Flight {
  const controller = new AbortController();
  const stop = (reason: ApiError) => controller.abort(reason);
  const leave = () => stop(clientGone());
  const timer = setTimeout(() => stop(tooSlow(timeLimitMs)), timeLimitMs);
  client.addEventListener('abort', leave, { once: true });
  if (client.aborted) leave();
  return {
    signal: controller.signal,
    stop,
    leave,
    end: () => {
      clearTimeout(timer);
      client.removeEventListener('abort', leave);
      onEnd();
    },
  };
}

function tooSlow(timeLimitMs: number): ApiError {
  return new ApiError(504, `the request was stopped after ${timeLimitMs / 1000} seconds`, {
    code: 'timeout',
  });
}

export function shuttingDown(): ApiError {
  return new ApiError(503, 'the server is shutting down', {
    code: 'shutting_down',
    headers: { 'Retry-After': '5', Connection: 'close' },
  });
}
