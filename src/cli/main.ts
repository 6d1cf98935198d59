/**
 * The command-line program. Results go to standard output, all else to standard error.
 * Exit codes: 0 done, 1 internal error, 2 bad input, 130 interrupted.
 */

import { Command } from 'commander';
import { packageVersion } from '../merge/version.ts';
import { type CliContext, columnsOf, processContext } from './context.ts';
import { addConvertCommand } from './convert.ts';
import { addDiffCommand } from './diff.ts';
import { addExplainCommand } from './explain.ts';
import { addGenerateCommand, addTranslateCommand } from './generate.ts';
import { addInspectCommand } from './inspect.ts';
import { addMergeCommand } from './merge.ts';
import { addPredictCommand } from './predict.ts';
import { reportError } from './reportError.ts';
import { addEmbedCommand, addScoreCommand } from './score.ts';

const EXAMPLES = `
A merge, from the recipe to the result:
  cat > recipe.yml <<'YAML'
  merge_method: linear
  models: [{model: ./a}, {model: ./b}]
  parameters: {weight: 0.5}
  YAML
  lmfuse merge recipe.yml out --dry-run
  lmfuse merge recipe.yml out
  lmfuse diff ./a out

Exit codes: 0 done, 1 internal error, 2 bad input, 130 interrupted.
NO_COLOR turns colours off; HF_HUB_CACHE and HF_HOME say where downloaded
models are.`;

/** Runs the program; returns the exit code. */
export async function main(
  argv: readonly string[],
  context: CliContext = processContext(),
): Promise<number> {
  const program = createProgram(context);
  try {
    if (argv.length === 0) program.outputHelp();
    else await program.parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    return reportError(error, context, wantsJson(argv));
  }
}

function createProgram(context: CliContext): Command {
  const program = new Command('lmfuse')
    .description('Fuse language models without Python.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      // Usage errors are printed like all others: see reportError.ts.
      writeErr: () => {},
      getOutHelpWidth: () => columnsOf(context.stdout),
      getErrHelpWidth: () => columnsOf(context.stderr),
    })
    .addHelpText('after', EXAMPLES);
  addMergeCommand(program, context);
  addInspectCommand(program, context);
  addDiffCommand(program, context);
  addPredictCommand(program, context);
  addGenerateCommand(program, context);
  addTranslateCommand(program, context);
  addScoreCommand(program, context);
  addEmbedCommand(program, context);
  addExplainCommand(program, context);
  addConvertCommand(program, context);
  return program;
}

/** The command line may be what is wrong, so it is not parsed for this. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes('--json');
}
