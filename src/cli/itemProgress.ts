/** Progress of a task over items: the bar and the lines of progress.ts, counted in items. */

import type { Output } from './context.ts';
import { createProgress, NO_PROGRESS } from './progress.ts';

export interface ItemProgress {
  readonly update: (done: number, total: number) => void;
  readonly stop: () => void;
}

export function createItemProgress(output: Output | undefined): ItemProgress {
  const display = output
    ? createProgress(output, undefined, (rate) => `${rate.toFixed(rate < 10 ? 1 : 0)} items/s`)
    : NO_PROGRESS;
  return {
    update: (done, total) =>
      display.update({ label: 'running', doneBytes: done, totalBytes: total, movedBytes: done }),
    stop: display.stop,
  };
}
