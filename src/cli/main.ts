/** The program: parses the command line, runs a command, turns errors into sentences and codes. */

import { homedir } from 'node:os';
import { Command, CommanderError, Option } from 'commander';
import pc from 'picocolors';
import { FusionError } from '../errors.ts';
import { packageVersion } from '../merge/version.ts';
import { DIFF_ORDERS, type DiffFlags, runDiff } from './diff.ts';
import { printable } from './formatting.ts';
import { hubCacheFolder } from './hubCacheFolder.ts';
import { inspectCommand } from './inspect.ts';
import { type MergeFlags, runMerge } from './merge.ts';
import { IDLE_OPTIONS, parseInteger, parseSize } from './options.ts';
import type { Terminal } from './terminal.ts';

const EXIT = { bad_input: 2, internal: 1, aborted: 130 } as const;

/** Returns the exit code. */
export async function main(
  argv: readonly string[],
  terminal: Terminal = processTerminal(),
): Promise<number> {
  const { signal, release } = interruptSignal(terminal);
  const program = createProgram(terminal, signal);
  try {
    if (argv.length === 0) {
      terminal.print(program.helpInformation().trimEnd());
      return 0;
    }
    await program.parseAsync(argv, { from: 'user' });
    return 0;
  } catch (error) {
    return explain(error, terminal);
  } finally {
    release();
  }
}

function explain(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.bad_input;
  if (!(error instanceof FusionError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    terminal.tell(
      `${pc.red('internal error:')} ${text}\nThis is a defect of lmfuse; please report it.`,
    );
    return EXIT.internal;
  }
  if (error.code === 'aborted') {
    terminal.tell('stopped; the same command goes on from here');
  } else {
    const label = error.code === 'internal' ? 'internal error:' : 'error:';
    terminal.tell(`${pc.red(label)} ${printable(error.message)}`);
  }
  return EXIT[error.code];
}

function createProgram(terminal: Terminal, signal: AbortSignal): Command {
  const program = new Command('lmfuse')
    .description('Language-model fusion: merge checkpoints, without Python.')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.tell(text.trimEnd()),
    })
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  lmfuse merge recipe.yml merged/',
        '  lmfuse merge recipe.yml merged/ --dry-run',
        '  lmfuse inspect merged/',
        '  lmfuse diff base/ merged/',
      ].join('\n'),
    );
  addMerge(program, terminal, signal);
  addInspect(program, terminal);
  addDiff(program, terminal, signal);
  return program;
}

function addMerge(program: Command, terminal: Terminal, signal: AbortSignal): void {
  const command = program
    .command('merge')
    .description('Merge checkpoints by a recipe (mergekit YAML) into a new folder.')
    .argument('<recipe>', 'recipe file')
    .argument('<out>', 'folder to write; it appears complete or not at all')
    .option('--dry-run', 'check everything and print the plan; write nothing')
    .option('-j, --threads <n>', 'worker threads (default: one per core)', parseInteger)
    .option('--seed <n>', 'seed of the methods that draw at random (default: 0)', parseInteger)
    .option('--shard-size <size>', 'largest output file, such as 5GB (default)', parseSize)
    .option('--dtype <dtype>', 'output dtype instead of the recipe’s: float32, bfloat16, ...')
    .option('--overwrite', 'replace <out>, if lmfuse made it')
    .option('--no-sync', 'let the system decide when the output reaches the disk')
    .option('--hash', 'record the SHA-256 of the inputs’ contents, not only of their headers')
    .option('--json', 'print the report as JSON')
    .option('--quiet', 'print nothing but errors')
    .addOption(new Option('--out-shard-size <size>').argParser(parseSize).hideHelp())
    .addOption(new Option('--random-seed <n>').argParser(parseInteger).hideHelp())
    .addOption(new Option('--trust-remote-code').hideHelp());
  for (const { flags } of IDLE_OPTIONS) {
    command.addOption(new Option(flags).hideHelp());
  }
  command.addHelpText(
    'after',
    [
      '',
      'A killed or stopped merge goes on where it was when the same command is given again.',
      'mergekit’s --out-shard-size, --random-seed and -j mean the same here.',
      '',
      'Examples:',
      '  printf "merge_method: linear\\nmodels: [{model: a, parameters: {weight: 1}}, {model: b, parameters: {weight: 1}}]" > mean.yml',
      '  lmfuse merge mean.yml merged/ --dry-run',
      '  lmfuse merge mean.yml merged/ --dtype bfloat16 --shard-size 2GB',
    ].join('\n'),
  );
  command.action(
    async (recipe: string, out: string, flags: MergeFlags & { trustRemoteCode?: true }) => {
      if (flags.trustRemoteCode) {
        throw new FusionError(
          'bad_input',
          '--trust-remote-code is refused: nothing in a model folder is ever executed',
        );
      }
      await runMerge(recipe, out, flags, terminal, signal);
    },
  );
}

function addInspect(program: Command, terminal: Terminal): void {
  program
    .command('inspect')
    .description('Show tensors, dtypes, shapes, parameters, layers and tokenizer of a checkpoint.')
    .argument('<checkpoint>', 'folder, weight file, or org/name in the local Hugging Face cache')
    .option('--json', 'print everything as JSON')
    .addHelpText('after', '\nExamples:\n  lmfuse inspect merged/\n  lmfuse inspect merged/ --json')
    .action(async (checkpoint: string, { json }: { json?: true }) => {
      const { currentFolder, env, home } = terminal;
      const cacheFolder = hubCacheFolder(env, home);
      const options = { json: json === true, currentFolder, cacheFolder };
      terminal.print(await inspectCommand(checkpoint, options));
    });
}

function addDiff(program: Command, terminal: Terminal, signal: AbortSignal): void {
  program
    .command('diff')
    .description('Compare two checkpoints: cosine, norm of the delta, share of unchanged elements.')
    .argument('<a>', 'checkpoint')
    .argument('<b>', 'checkpoint')
    .addOption(
      new Option('--sort <order>', 'order of the tensors')
        .choices([...DIFF_ORDERS])
        .default('delta'),
    )
    .option('--limit <n>', 'tensors to show, 0 for all', parseInteger, 40)
    .option('--json', 'print everything as JSON')
    .option('--quiet', 'show no progress')
    .addHelpText(
      'after',
      '\nExamples:\n  lmfuse diff base/ merged/\n  lmfuse diff base/ merged/ --sort cosine --json',
    )
    .action(async (a: string, b: string, flags: DiffFlags) => {
      const limit = flags.limit > 0 ? flags.limit : Number.POSITIVE_INFINITY;
      await runDiff(a, b, { ...flags, limit }, terminal, signal);
    });
}

/** The first Ctrl-C stops in an orderly way, the second at once. */
function interruptSignal(terminal: Terminal): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(EXIT.aborted);
    terminal.tell('stopping... (again to stop at once)');
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  const release = () => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  };
  return { signal: controller.signal, release };
}

function processTerminal(): Terminal {
  return {
    print: (text) => void process.stdout.write(`${text}\n`),
    tell: (text) => void process.stderr.write(`${text}\n`),
    bar: process.stderr.isTTY ? process.stderr : undefined,
    env: process.env,
    home: homedir(),
    currentFolder: process.cwd(),
  };
}
