/** `lmfuse fit <recipe> --data dev.tsv --out fitted.yml`: weights from data. */

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { writeFitted } from '../ensemble/recipe/writeFitted.ts';
import { writeTextFile } from '../io/writeTextFile.ts';
import type { OpenedFusion } from '../openFusion.ts';
import { parseColumnOverrides } from '../task/data/columns.ts';
import type { CliContext } from './context.ts';
import type { FitCommandOptions } from './fitData.ts';
import { fitRanking } from './fitRanking.ts';
import { fitWeights } from './fitWeights.ts';
import { createItemProgress } from './itemProgress.ts';
import { parseLimit, parseSeed } from './options.ts';
import { withRecipe } from './withRecipe.ts';

const EXAMPLES = `
The weights that are written are fitted to all of the data; the loss beside
"fitted" is of weights that had not seen the item (cross-fitting), so it can be
held against the best member's. A fitted recipe is a model:
  lmfuse predict fitted.yml --input test.tsv

Examples:
  lmfuse fit sentiment.yml --data dev.tsv --out fitted.yml
  lmfuse fit mt.yml --data val.tsv --out mt.fitted.yml
  lmfuse fit sentiment.yml --data dev.tsv --out fitted.yml --method selection --loss error`;

export function addFitCommand(program: Command, context: CliContext): void {
  program
    .command('fit')
    .summary('fit the weights of an ensemble to data')
    .description('Fits the weights of a fusion recipe to data, and writes the recipe with them.')
    .argument('<recipe>', 'a fusion recipe')
    .option('-d, --data <file>', "labelled texts, or sources and targets (default: the recipe's)")
    .requiredOption('-o, --out <file>', 'the recipe to write')
    .option('--columns <names>', 'such as text=sentence,label=polarity', parseColumnOverrides)
    .addOption(
      new Option('--loss <loss>', 'what to make small').choices(['log_loss', 'brier', 'error']),
    )
    .addOption(
      new Option('--method <method>', 'the optimum, or greedy selection of members').choices([
        'optimum',
        'selection',
      ]),
    )
    .option('--temperature', 'also fit a temperature for each member')
    .option('--metric <name>', 'what a reranker is to make better (default: bleu)')
    .option('--folds <k>', 'of cross-fitting', parseLimit, 5)
    .option('--seed <n>', 'of the folds', parseSeed, 0)
    .option('--overwrite', 'replace the file if it exists')
    .option('--json', 'print one JSON document')
    .option('-q, --quiet', 'no progress')
    .addHelpText('after', EXAMPLES)
    .action((name: string, options: FitCommandOptions) => runFit(name, options, context));
}

async function runFit(
  name: string,
  options: FitCommandOptions,
  context: CliContext,
): Promise<void> {
  const fit = async ({ recipe, path, model }: OpenedFusion, signal: AbortSignal) => {
    const progress = createItemProgress(options.quiet ? undefined : context.stderr);
    try {
      const request = { ...options, name, signal, onProgress: progress.update };
      const fitted = recipe.kind.fitFeatures ? fitRanking : fitWeights;
      const { numbers, shown } = await fitted(recipe, model, request, context);
      progress.stop();
      const text = writeFitted(await readFile(path, 'utf8'), numbers);
      const out = resolve(context.currentFolder, options.out);
      await writeTextFile(out, text, { overwrite: options.overwrite ?? false });
      context.stdout.write(`${shown}\n`);
    } finally {
      progress.stop();
    }
  };
  await withRecipe(name, context, fit, true);
}
