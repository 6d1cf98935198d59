/** `lmfuse inspect <checkpoint>`: what a checkpoint holds, from its headers, as a table or JSON. */

import Table from 'cli-table3';
import { groupTensors } from '../checkpoint/groupTensors.ts';
import type { LayerStack } from '../checkpoint/layers.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { type ResolveOptions, resolveModel } from '../checkpoint/reference.ts';
import { type CheckpointSummary, summarizeCheckpoint } from '../checkpoint/summary.ts';
import { formatShape } from '../tensor/shape.ts';
import { printable } from './formatting.ts';

export interface InspectOptions extends ResolveOptions {
  readonly json?: boolean;
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

/** No colours, the same text on a terminal and in a file; no lines between rows. */
const DENSE = {
  style: { head: [], border: [] },
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
};

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

function formatCount(count: number): string {
  const exact = count.toLocaleString('en-US');
  if (count < 1e6) return exact;
  return `${exact} (${count < 1e9 ? `${(count / 1e6).toFixed(1)} M` : `${(count / 1e9).toFixed(2)} B`})`;
}

function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(2)} ${units[power]}`;
}
