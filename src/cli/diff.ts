/** `lmfuse diff <a> <b>`: how far every tensor of two checkpoints is apart. */

import Table from 'cli-table3';
import {
  type CheckpointDifference,
  compareCheckpoints,
  type Difference,
  isIdentical,
  type TensorDifference,
} from '../checkpoint/compareCheckpoints.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { resolveModel } from '../checkpoint/reference.ts';
import { formatShape } from '../tensor/shape.ts';
import { printable } from './formatting.ts';
import { hubCacheFolder } from './hubCacheFolder.ts';
import { startProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

export const DIFF_ORDERS = ['delta', 'cosine', 'unchanged', 'name'] as const;
export type DiffOrder = (typeof DIFF_ORDERS)[number];

export interface DiffFlags {
  readonly sort: DiffOrder;
  readonly limit: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export async function runDiff(
  a: string,
  b: string,
  flags: DiffFlags,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const [left, right] = [await openNamed(a, terminal), await openNamed(b, terminal)];
  const progress = startProgress(terminal);
  try {
    const difference = await compareCheckpoints(left, right, {
      signal,
      onProgress(doneBytes, totalBytes) {
        if (flags.json || flags.quiet) return;
        progress.update({ label: 'comparing', doneBytes, totalBytes, movedBytes: doneBytes });
      },
    });
    progress.end();
    const sorted = { ...difference, tensors: sortTensors(difference.tensors, flags.sort) };
    terminal.print(flags.json ? JSON.stringify(sorted, null, 2) : renderDiff(sorted, flags.limit));
  } finally {
    progress.end();
  }
}

async function openNamed(reference: string, { currentFolder, env, home }: Terminal) {
  const cacheFolder = hubCacheFolder(env, home);
  const { path } = await resolveModel(reference, { currentFolder, cacheFolder });
  return openCheckpoint(path, reference);
}

/** The most changed first; a number that is not defined comes last. */
export function sortTensors(tensors: readonly TensorDifference[], order: DiffOrder) {
  const ascending = (key: (tensor: TensorDifference) => number | null) =>
    [...tensors].sort((a, b) => (key(a) ?? Infinity) - (key(b) ?? Infinity));
  switch (order) {
    case 'name':
      return [...tensors].sort((a, b) => (a.name < b.name ? -1 : 1));
    case 'cosine':
      return ascending(({ cosine }) => cosine);
    case 'unchanged':
      return ascending(({ unchangedShare }) => unchangedShare);
    case 'delta':
      return ascending(({ relativeDelta }) => (relativeDelta === null ? null : -relativeDelta));
  }
}

export function renderDiff(difference: CheckpointDifference, limit: number): string {
  const { a, b, tensors, mismatches, onlyInA, onlyInB, total } = difference;
  const table = new Table({
    head: ['tensor', 'cosine', '|b-a|', '|b-a|/|a|', 'unchanged'],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const tensor of tensors.slice(0, limit))
    table.push([printable(tensor.name), ...cells(tensor)]);
  table.push([`all ${tensors.length} tensors`, ...cells(total)]);
  const hidden = tensors.length - limit;
  return [
    table.toString(),
    ...(hidden > 0 ? [`${hidden} more tensors; --limit 0 shows all`] : []),
    ...mismatches.map(
      (m) =>
        `${printable(m.name)}: ${m.a.dtype} ${formatShape(m.a.shape)} in ${a}, ` +
        `${m.b.dtype} ${formatShape(m.b.shape)} in ${b}`,
    ),
    ...onlyInA.map(({ name }) => `${printable(name)}: only in ${a}`),
    ...onlyInB.map(({ name }) => `${printable(name)}: only in ${b}`),
    ...(isIdentical(difference) ? ['identical'] : []),
  ].join('\n');
}

function cells({ cosine, deltaNorm, relativeDelta, unchangedShare }: Difference): string[] {
  const number = (value: number | null, digits: number) =>
    value === null ? '' : value.toPrecision(digits);
  const share = unchangedShare === null ? '' : `${(100 * unchangedShare).toFixed(1)} %`;
  return [number(cosine, 6), number(deltaNorm, 4), number(relativeDelta, 3), share];
}
