/** Giving up on a promise when the caller does. What it stood for may go on until its next step. */

import { FusionError } from '../errors.ts';

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new FusionError('aborted', 'the request was stopped');
}

export async function abortable<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  // Its own failure, if it comes when nobody waits any more, is nobody's to handle.
  promise.catch(() => {});
  throwIfAborted(signal);
  let stop = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(new FusionError('aborted', 'the request was stopped'));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
