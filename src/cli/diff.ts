/** `lmfuse diff <a> <b>`: how two checkpoints differ, tensor by tensor, as a table or JSON. */

import { type Command, Option } from 'commander';
import { type CheckpointDifference, compareCheckpoints } from '../checkpoint/compareCheckpoints.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { resolveModel } from '../checkpoint/reference.ts';
import { type CliContext, cacheFolderOf, columnsOf } from './context.ts';
import { DIFF_ORDERS, type DiffOrder, sortDifferences } from './diffOrder.ts';
import { renderDiff } from './diffText.ts';
import { withInterrupts } from './interrupts.ts';
import { parseLimit } from './options.ts';
import { createProgress, NO_PROGRESS } from './progress.ts';

interface DiffValues {
  readonly sort: DiffOrder;
  readonly limit?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const EXAMPLES = `
For each tensor that both have: the cosine between a and b, |b - a|,
|b - a| / |a|, and the share of elements that are equal. Integers and 8-bit
floats are compared as bytes. What only one of them has, or has in another
shape, is listed. The exit code is 0 whether or not they differ.

Orders, with what comes first: cosine (the smallest), delta (the largest
|b - a|), relative (the largest |b - a| / |a|), unchanged (the smallest share),
name.

Examples:
  lmfuse diff ./base ./merged
  lmfuse diff ./base ./merged --sort relative --limit 10
  lmfuse diff ./base ./merged --json > diff.json`;

const DEFAULT_ROWS = 40;

export function addDiffCommand(program: Command, context: CliContext): void {
  const order = new Option('--sort <order>', 'order of the rows').choices(DIFF_ORDERS);
  program
    .command('diff')
    .summary('compare two checkpoints')
    .description('Compares two checkpoints tensor by tensor.')
    .argument('<a>', 'folder, weight file or org/name')
    .argument('<b>', 'the same; its change from a is shown')
    .addOption(order.default('cosine'))
    .option(
      '--limit <n>',
      `rows to print, 0 for all (default: ${DEFAULT_ROWS}; all with --json)`,
      parseLimit,
    )
    .option('--json', 'print one JSON document, and no progress')
    .option('-q, --quiet', 'no progress')
    .addHelpText('after', EXAMPLES)
    .action((a: string, b: string, values: DiffValues) => runDiff(a, b, values, context));
}

async function runDiff(
  referenceA: string,
  referenceB: string,
  values: DiffValues,
  context: CliContext,
): Promise<void> {
  const found = await compareVisibly(referenceA, referenceB, values, context);
  const tensors = sortDifferences(found.tensors, values.sort);
  const difference = { ...found, tensors };
  if (values.json) {
    const limited = limitOf(values.limit ?? 0);
    const document = { ...difference, tensors: tensors.slice(0, limited) };
    context.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    return;
  }
  const columns = context.stdout.isTTY ? columnsOf(context.stdout) : undefined;
  const rows = limitOf(values.limit ?? DEFAULT_ROWS);
  context.stdout.write(`${renderDiff(difference, { rows, columns })}\n`);
}

function limitOf(limit: number): number {
  return limit === 0 ? Number.POSITIVE_INFINITY : limit;
}

async function compareVisibly(
  referenceA: string,
  referenceB: string,
  { json, quiet }: DiffValues,
  context: CliContext,
): Promise<CheckpointDifference> {
  const [a, b] = [await openNamed(referenceA, context), await openNamed(referenceB, context)];
  const display = json || quiet ? NO_PROGRESS : createProgress(context.stderr);
  try {
    return await withInterrupts(context, display.stop, (signal) =>
      compareCheckpoints(a, b, {
        signal,
        onProgress(doneBytes, totalBytes) {
          display.update({ label: 'comparing', doneBytes, totalBytes, movedBytes: doneBytes });
        },
      }),
    );
  } finally {
    display.stop();
  }
}

async function openNamed(reference: string, context: CliContext) {
  const { currentFolder } = context;
  const cacheFolder = cacheFolderOf(context);
  const { path } = await resolveModel(reference, { currentFolder, cacheFolder });
  return openCheckpoint(path, reference);
}
