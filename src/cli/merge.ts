/** `lmfuse merge <recipe> <out>`: plans or carries out a merge, shows progress, says what came out. */

import type { Command } from 'commander';
import { FusionError } from '../errors.ts';
import {
  type MergeOptions,
  type MergeProgress,
  type MergeReport,
  merge,
  planMergeFile,
} from '../merge/merge.ts';
import type { MergeableDtype } from '../tensor/dtype.ts';
import { type CliContext, cacheFolderOf, colorsFor, columnsOf } from './context.ts';
import { printable } from './format.ts';
import { withInterrupts } from './interrupts.ts';
import { type AliasValues, addMergekitOptions } from './mergekitOptions.ts';
import { renderPlan, renderReport } from './mergeText.ts';
import { nextCommands } from './nextCommands.ts';
import { parseDtype, parseSeed, parseSize, parseThreads } from './options.ts';
import { createProgress, NO_PROGRESS, type ProgressDisplay } from './progress.ts';

interface MergeValues extends AliasValues {
  readonly dryRun?: boolean;
  readonly threads?: number;
  readonly seed?: number;
  readonly shardSize?: number;
  readonly dtype?: MergeableDtype;
  readonly overwrite?: boolean;
  readonly sync: boolean;
  readonly hash?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const EXAMPLES = `
A recipe is a YAML file, the same as mergekit's:
  merge_method: slerp
  parameters: {t: 0.5}
  base_model: ./a
  models: [{model: ./b}]
  dtype: bfloat16

A model is a folder (relative to the current folder or to the recipe's) or
org/name in the Hugging Face cache.

Examples:
  lmfuse merge recipe.yml out --dry-run
  lmfuse merge recipe.yml out
  lmfuse merge recipe.yml out --overwrite --seed 7 --shard-size 2GB
  lmfuse merge recipe.yml out --json > report.json

<out> appears complete or not at all; an interrupted merge is resumed by the
same command. With --json, an error is one line of JSON on standard error.`;

export function addMergeCommand(program: Command, context: CliContext): void {
  const warnings: string[] = [];
  const command = program
    .command('merge')
    .summary('merge checkpoints by a recipe')
    .description('Merges checkpoints by a recipe into a new checkpoint.')
    .argument('<recipe>', 'recipe file (mergekit YAML)')
    .argument('<out>', 'folder to write')
    .option('--dry-run', 'check everything and show the plan; write nothing')
    .option(
      '-j, --threads <n>',
      'worker threads (default: one per core, none for a small merge)',
      parseThreads,
    )
    .option('--seed <n>', 'seed of the methods that draw at random (default: 0)', parseSeed)
    .option(
      '--shard-size <size>',
      'largest output file: 5GB, 500MB, 2GiB; 5B is 5e9 bytes (default: 5GB)',
      parseSize,
    )
    .option('--dtype <dtype>', "output dtype, instead of the recipe's", parseDtype)
    .option('--overwrite', 'replace <out> if lmfuse made it')
    .option('--no-sync', 'leave it to the system when the output reaches the disk')
    .option('--hash', "record the SHA-256 of all inputs' contents (slower)")
    .option('--json', 'print one JSON document, and no progress')
    .option('-q, --quiet', 'print nothing but errors')
    .addHelpText('after', EXAMPLES);
  addMergekitOptions(command, (line) => warnings.push(line));
  command.action((recipe: string, out: string, values: MergeValues) => {
    const job = { recipe, out, values, warnings, context };
    return values.dryRun ? showPlan(job) : runMerge(job);
  });
}

interface Job {
  readonly recipe: string;
  readonly out: string;
  readonly values: MergeValues;
  /** Of the command line. */
  readonly warnings: readonly string[];
  readonly context: CliContext;
}

function mergeOptions({ recipe, out, values, context }: Job): MergeOptions {
  const threads = values.threads ?? values.numThreads;
  const seed = values.seed ?? values.randomSeed;
  const shardSize = values.shardSize ?? values.outShardSize;
  const { dtype } = values;
  return {
    recipe,
    out,
    currentFolder: context.currentFolder,
    cacheFolder: cacheFolderOf(context),
    overwrite: values.overwrite ?? false,
    noSync: !values.sync,
    hash: values.hash ?? false,
    ...(threads === undefined ? {} : { threads }),
    ...(seed === undefined ? {} : { seed }),
    ...(shardSize === undefined ? {} : { shardSize }),
    ...(dtype === undefined ? {} : { dtype }),
  };
}

async function showPlan(job: Job): Promise<void> {
  const { values, context, recipe } = job;
  warn(job, job.warnings);
  const plan = await planMergeFile(mergeOptions(job));
  if (values.json) {
    printJson(job, { ...plan, warnings: [...job.warnings, ...plan.warnings] });
    return;
  }
  warn(job, plan.warnings);
  if (values.quiet) return;
  const layout = { columns: columnsOf(context.stdout), colors: colorsFor(context.stdout, context) };
  context.stdout.write(`${renderPlan(plan.stages, recipe, layout)}\n`);
}

async function runMerge(job: Job): Promise<void> {
  const { values, context } = job;
  warn(job, job.warnings);
  const startedMs = performance.now();
  const bytes = countBytes();
  const report = await mergeVisibly(job, bytes.add);
  const seconds = (performance.now() - startedMs) / 1000;
  const work = { seconds, ...bytes.total() };
  if (values.json) {
    printJson(job, { ...report, ...work, warnings: [...job.warnings, ...report.warnings] });
    return;
  }
  warn(job, report.warnings);
  if (values.quiet) return;
  const layout = { columns: columnsOf(context.stdout), colors: colorsFor(context.stdout, context) };
  const next = await nextCommands(job, report);
  context.stdout.write(`${renderReport(report, job.out, work, next, layout)}\n`);
}

async function mergeVisibly(
  job: Job,
  onProgress: (progress: MergeProgress) => void,
): Promise<MergeReport> {
  const { context, values } = job;
  const isSilent = values.json || values.quiet;
  const display = isSilent ? NO_PROGRESS : createProgress(context.stderr);
  const onFirst = () => {
    display.stop();
    if (!isSilent) context.stderr.write('stopping; interrupt again to leave at once\n');
  };
  try {
    return await withInterrupts(context, onFirst, (signal) =>
      merge({
        ...mergeOptions(job),
        signal,
        onProgress(progress) {
          onProgress(progress);
          show(display, progress);
        },
      }),
    );
  } catch (error) {
    throw resumable(error);
  } finally {
    display.stop();
  }
}

function resumable(error: unknown): unknown {
  if (!(error instanceof FusionError) || error.code !== 'aborted') return error;
  return new FusionError('aborted', `${error.message}; the same command resumes it`, {
    cause: error,
  });
}

const PHASES: Readonly<Record<MergeProgress['phase'], string>> = {
  hash: 'hashing',
  merge: 'merging',
  sync: 'syncing',
  finish: 'finishing',
};

function show(display: ProgressDisplay, progress: MergeProgress): void {
  const { stage, phase, doneBytes, totalBytes, bytesRead, bytesWritten } = progress;
  const label = stage === undefined ? PHASES[phase] : `${PHASES[phase]} ${printable(stage)}`;
  display.update({ label, doneBytes, totalBytes, movedBytes: bytesRead + bytesWritten });
}

/** Counters begin anew with every stage, and with the data after the hashes. */
function countBytes() {
  const parts = new Map<string, { bytesRead: number; bytesWritten: number }>();
  return {
    add({ stage, phase, bytesRead, bytesWritten }: MergeProgress): void {
      const part = JSON.stringify([stage, phase === 'hash']);
      parts.set(part, { bytesRead, bytesWritten });
    },
    total: () => ({
      bytesRead: [...parts.values()].reduce((sum, part) => sum + part.bytesRead, 0),
      bytesWritten: [...parts.values()].reduce((sum, part) => sum + part.bytesWritten, 0),
    }),
  };
}

function printJson({ context }: Job, document: unknown): void {
  context.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

function warn({ values, context }: Job, lines: readonly string[]): void {
  if (values.json || values.quiet) return;
  const prefix = colorsFor(context.stderr, context).yellow('warning:');
  for (const line of lines) context.stderr.write(`${prefix} ${printable(line)}\n`);
}
