/** Opens a fusion recipe, runs `action`, and closes its models whatever happens. Ctrl-C stops it. */

import { openRecipe } from '../open.ts';
import type { OpenedFusion } from '../openFusion.ts';
import type { CliContext } from './context.ts';
import { withInterrupts } from './interrupts.ts';
import { openOptionsOf } from './modelCommand.ts';

/** @param allowUnfitted for those who fit it */
export async function withRecipe(
  name: string,
  context: CliContext,
  action: (opened: OpenedFusion, signal: AbortSignal) => Promise<void>,
  allowUnfitted = false,
): Promise<void> {
  await withInterrupts(
    context,
    () => {},
    async (signal) => {
      const opened = await openRecipe(name, openOptionsOf({}, context), allowUnfitted);
      try {
        await action(opened, signal);
      } finally {
        await opened.model.close();
      }
    },
  );
}
