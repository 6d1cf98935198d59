/** Asks for each of many things, a limited number at once. The first failure stops the others. */

import { linkSignals } from './abort.ts';

export async function askForEach<Each, T>(
  items: readonly Each[],
  concurrency: number,
  signal: AbortSignal | undefined,
  ask: (item: Each, signal: AbortSignal) => Promise<T>,
): Promise<T[]> {
  const linked = linkSignals([signal]);
  const answers: T[] = [];
  const queue = items.entries();
  let failure: { readonly error: unknown } | undefined;
  const work = async () => {
    for (const [index, item] of queue) {
      if (failure) return;
      answers[index] = await ask(item, linked.signal);
    }
  };
  const fail = (error: unknown) => {
    failure ??= { error };
    linked.abort();
  };
  const workers = Array.from({ length: Math.min(concurrency, items.length) }, work);
  await Promise.all(workers.map((worker) => worker.catch(fail)));
  linked.unlink();
  if (failure) throw failure.error;
  return answers;
}
