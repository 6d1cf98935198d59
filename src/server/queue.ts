/** Some requests run, some wait in the order in which they came, and the others are sent away. */

import { createTurns } from '../model/http/turns.ts';
import { ApiError } from './apiError.ts';
import type { ServerLimits } from './limits.ts';

export interface Queue {
  /** Runs `action` when its turn comes. A signal that is aborted before that ends the wait. */
  readonly run: <T>(signal: AbortSignal, action: () => Promise<T>) => Promise<T>;
}

export function createQueue({
  concurrency,
  queue,
}: Pick<ServerLimits, 'concurrency' | 'queue'>): Queue {
  const turns = createTurns(concurrency);
  let inside = 0;
  return {
    async run(signal, action) {
      if (inside >= concurrency + queue) throw overloaded(inside);
      inside++;
      try {
        const giveBack = await turns.take(signal);
        try {
          return await action();
        } finally {
          giveBack();
        }
      } finally {
        inside--;
      }
    },
  };
}

function overloaded(inside: number): ApiError {
  return new ApiError(503, `${inside} requests are running or waiting; try again`, {
    code: 'overloaded',
    headers: { 'Retry-After': '1' },
  });
}
