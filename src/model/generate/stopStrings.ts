/**
 * Finds the first of several stop strings in a text that comes in pieces, wherever the borders of the
 * pieces fall. What could still become a stop string is held back; a stop string and what follows
 * it are never given out. The first is the one that is complete first; of two that end at one
 * place it is the longer.
 */

import { badInput } from '../../errors.ts';

export interface StopFinder {
  /** What of the text may be given out now. After the stop it is always empty. */
  readonly push: (piece: string) => string;
  readonly isStopped: () => boolean;
  /** What was held back, when no more text comes. */
  readonly flush: () => string;
}

export function createStopFinder(stops: readonly string[]): StopFinder {
  if (stops.includes('')) throw badInput('stop: an empty string would stop every text at once');
  let held = '';
  let stopped = false;
  const give = (length: number): string => {
    const given = held.slice(0, length);
    held = held.slice(length);
    return given;
  };
  return {
    push: (piece) => {
      if (stopped) return '';
      held += piece;
      const start = firstStop(held, stops);
      stopped = start !== undefined;
      return give(start ?? held.length - possibleStop(held, stops));
    },
    isStopped: () => stopped,
    flush: () => (stopped ? '' : give(held.length)),
  };
}

/** Where the first stop string starts. */
function firstStop(text: string, stops: readonly string[]): number | undefined {
  let first: { readonly start: number; readonly end: number } | undefined;
  for (const stop of stops) {
    const start = text.indexOf(stop);
    const end = start + stop.length;
    if (start < 0 || (first && (end > first.end || (end === first.end && start > first.start)))) {
      continue;
    }
    first = { start, end };
  }
  return first?.start;
}

/** Length of the longest end of the text that a stop string begins with. */
function possibleStop(text: string, stops: readonly string[]): number {
  const longest = Math.max(0, ...stops.map((stop) => stop.length - 1));
  for (let length = Math.min(longest, text.length); length > 0; length--) {
    const end = text.slice(text.length - length);
    if (stops.some((stop) => stop.startsWith(end))) return length;
  }
  return 0;
}
