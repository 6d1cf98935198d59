/** Lets a limited number go on at once, the others in the order in which they came. */

import { abortable } from './abort.ts';

export interface Turns {
  /** Resolves to what gives the turn back, when there is one. */
  readonly take: (signal: AbortSignal) => Promise<() => void>;
}

export function createTurns(limit: number): Turns {
  const waiting = new Set<() => void>();
  let taken = 0;
  const grant = (go: () => void) => {
    waiting.delete(go);
    taken++;
    go();
  };
  const giveBack = () => {
    taken--;
    const [next] = waiting;
    if (next !== undefined) grant(next);
  };
  return {
    async take(signal) {
      await abortable(signal, (go) => {
        if (taken < limit) grant(go);
        else waiting.add(go);
        return () => waiting.delete(go);
      });
      return giveBack;
    },
  };
}
