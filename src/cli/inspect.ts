/** `lmfuse inspect <checkpoint>`: what a checkpoint holds, from its headers, as a table or JSON. */

import Table from 'cli-table3';
import type { Command } from 'commander';
import { groupTensors } from '../checkpoint/groupTensors.ts';
import type { LayerStack } from '../checkpoint/layers.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { type ResolveOptions, resolveModel } from '../checkpoint/reference.ts';
import { type CheckpointSummary, summarizeCheckpoint } from '../checkpoint/summary.ts';
import { formatShape } from '../tensor/shape.ts';
import { type CliContext, cacheFolderOf } from './context.ts';
import { DENSE, formatBytes, formatCount, printable } from './format.ts';

export interface InspectOptions extends ResolveOptions {
  readonly json?: boolean;
}

const EXAMPLES = `
A checkpoint is a folder, a weight file, or org/name in the Hugging Face cache.

Examples:
  lmfuse inspect ./my-model
  lmfuse inspect pytorch_model.bin --json
  lmfuse inspect TinyLlama/TinyLlama-1.1B-Chat-v1.0`;

export function addInspectCommand(program: Command, context: CliContext): void {
  program
    .command('inspect')
    .summary('show what a checkpoint holds')
    .description(
      'Shows tensors, dtypes, shapes, parameters, layers and tokenizer of a checkpoint. Reads headers only.',
    )
    .argument('<checkpoint>', 'folder, weight file or org/name')
    .option('--json', 'print one JSON document')
    .addHelpText('after', EXAMPLES)
    .action(async (reference: string, { json = false }: { json?: boolean }) => {
      const { currentFolder } = context;
      const cacheFolder = cacheFolderOf(context);
      const text = await inspectCommand(reference, { currentFolder, cacheFolder, json });
      context.stdout.write(`${text}\n`);
    });
}

/** The text to print. */
export async function inspectCommand(reference: string, options: InspectOptions): Promise<string> {
  const { path } = await resolveModel(reference, options);
  const summary = summarizeCheckpoint(await openCheckpoint(path, reference));
  return options.json ? JSON.stringify(summary, null, 2) : renderSummary(summary);
}

export function renderSummary(summary: CheckpointSummary): string {
  return [renderFacts(summary), renderTensors(summary), renderFiles(summary)].join('\n\n');
}

function renderFacts(summary: CheckpointSummary): string {
  const facts: [string, string][] = [
    ['checkpoint', summary.reference],
    ['architecture', summary.architectures.join(', ') || summary.modelType || 'not stated'],
    ['parameters', formatCount(summary.parameters)],
    ['size', formatBytes(summary.bytes)],
    ['dtypes', summary.dtypes.map(formatDtype).join(', ') || 'none'],
    ['layers', summary.layers.map(formatStack).join(', ') || 'none found'],
    ['tokenizer', formatTokenizer(summary)],
  ];
  return facts.map(([name, value]) => `${name.padEnd(14)}${printable(value)}`).join('\n');
}

function renderTensors(summary: CheckpointSummary): string {
  const table = new Table({ ...DENSE, head: ['tensor', 'dtype', 'shape', 'count'] });
  for (const { pattern, dtype, shape, count } of groupTensors(summary.tensors)) {
    table.push([printable(pattern), dtype, formatShape(shape), count === 1 ? '' : `x${count}`]);
  }
  return table.toString();
}

function renderFiles({ files, otherFiles }: CheckpointSummary): string {
  const table = new Table({ ...DENSE, head: ['file', 'bytes', 'tensors'] });
  for (const { name, bytes, tensors } of files) {
    table.push([printable(name), bytes.toLocaleString('en-US'), tensors]);
  }
  const others = otherFiles.length > 0 ? otherFiles.map(printable).join(', ') : 'none';
  return `${table.toString()}\n\nother files: ${others}`;
}

function formatDtype({ dtype, tensors }: CheckpointSummary['dtypes'][number]): string {
  return `${dtype} (${tensors} tensor${tensors === 1 ? '' : 's'})`;
}

function formatStack({ prefix, count, configKey }: LayerStack): string {
  return `${count} ${prefix}*${configKey ? ` (${configKey})` : ''}`;
}

function formatTokenizer({ tokenizer }: CheckpointSummary): string {
  const kind = tokenizer.kind ?? 'no files';
  const size = tokenizer.vocabularySize;
  return size === undefined ? kind : `${kind}, vocabulary of ${size.toLocaleString('en-US')}`;
}
