/** Long computations over many items, which let a caller's signal through now and then. */

import { throwIfAborted } from '../../model/abort.ts';

/** Milliseconds of computing after which others have a turn. */
const TURN = 50;

export async function eachInTurn<Each, Result>(
  items: readonly Each[],
  signal: AbortSignal | undefined,
  compute: (item: Each, index: number) => Result,
): Promise<Result[]> {
  const results: Result[] = [];
  let turnEnds = performance.now() + TURN;
  for (const [i, item] of items.entries()) {
    if (performance.now() > turnEnds) {
      await new Promise((resolve) => setTimeout(resolve));
      turnEnds = performance.now() + TURN;
    }
    throwIfAborted(signal);
    results.push(compute(item, i));
  }
  return results;
}
