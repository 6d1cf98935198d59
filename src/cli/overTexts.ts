/** What commands that say something about each text share: the texts, the model, part after part. */

import type { Example } from '../task/data/readRecords.ts';
import type { CliContext } from './context.ts';
import {
  examplesOf,
  type ModelCommandOptions,
  type ModelRun,
  runWithModel,
} from './modelCommand.ts';

export type TextExample = Example & { readonly text: string };

/**
 * Runs over all texts and gives them back.
 *
 * @param begin looks at the model and says what is done with some texts
 */
export async function runOverTexts(
  name: string,
  texts: readonly string[],
  options: ModelCommandOptions,
  context: CliContext,
  begin: (run: ModelRun) => (part: readonly TextExample[]) => Promise<void>,
): Promise<readonly TextExample[]> {
  const examples = await examplesOf(texts, 'text', options, context);
  await runWithModel(name, options, context, (run) => run.inParts(examples, begin(run)));
  return examples;
}
