/** Ctrl-C and SIGTERM: the first stops the work in an orderly way, the second ends the process. */

import type { CliContext } from './context.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export const EXIT_ABORTED = 130;

/** Runs `action` with a signal that the first interrupt aborts, after `onFirst` has been called. */
export async function withInterrupts<T>(
  { interrupts, exit }: CliContext,
  onFirst: () => void,
  action: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const listener = () => {
    if (controller.signal.aborted) {
      exit(EXIT_ABORTED);
      return;
    }
    onFirst();
    controller.abort();
  };
  for (const signal of SIGNALS) interrupts.on(signal, listener);
  try {
    return await action(controller.signal);
  } finally {
    for (const signal of SIGNALS) interrupts.off(signal, listener);
  }
}
