/** The difference between two checkpoints as text: a table, what does not match, totals. Pure. */

import Table from 'cli-table3';
import {
  type CheckpointDifference,
  type Difference,
  isIdentical,
  type TensorDifference,
  type TensorOutline,
} from '../checkpoint/compareCheckpoints.ts';
import { formatShape } from '../tensor/shape.ts';
import { BARE, elide, formatCount, plural, printable } from './format.ts';

export interface DiffLayout {
  /** Rows of the table at the most. */
  readonly rows: number;
  /** Width to keep to; names are written in full without it. */
  readonly columns: number | undefined;
}

export function renderDiff(difference: CheckpointDifference, layout: DiffLayout): string {
  const { tensors } = difference;
  const parts = [
    `a  ${printable(difference.a)}\nb  ${printable(difference.b)}`,
    ...(tensors.length > 0 && layout.rows > 0 ? [renderTable(tensors, layout)] : []),
    ...unmatchedLines(difference, layout.rows),
    renderTotal(difference),
  ];
  return parts.join('\n\n');
}

const HEAD = ['tensor', 'cosine', '|b - a|', '/ |a|', 'unchanged'];
const MIN_NAME_WIDTH = 12;

function renderTable(tensors: readonly TensorDifference[], { rows, columns }: DiffLayout): string {
  const shown = tensors.slice(0, rows);
  const cells = shown.map(figureCells);
  const widths = HEAD.slice(1).map((title, i) =>
    Math.max(title.length, ...cells.map((row) => row[i]!.length)),
  );
  const taken = widths.reduce((sum, width) => sum + width + 2, 0);
  const room = columns === undefined ? Number.POSITIVE_INFINITY : columns - taken;
  const table = new Table({
    ...BARE,
    head: HEAD,
    colAligns: ['left', 'right', 'right', 'right', 'right'],
  });
  for (const [i, { name }] of shown.entries()) {
    table.push([elide(printable(name), Math.max(MIN_NAME_WIDTH, room)), ...cells[i]!]);
  }
  const lines = table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
  const hidden = tensors.length - shown.length;
  if (hidden > 0) lines.push(`${plural(hidden, 'more row')}: --limit 0 shows all`);
  return lines.join('\n');
}

function figureCells({ cosine, deltaNorm, relativeDelta, unchangedShare }: Difference): string[] {
  return [
    formatCosine(cosine),
    formatFigure(deltaNorm),
    formatFigure(relativeDelta),
    formatShare(unchangedShare),
  ];
}

/** A cosine of 1 is written in full only if nothing was rounded. */
function formatCosine(cosine: number | null): string {
  if (cosine === null) return '-';
  if (cosine === 1) return '1';
  const rounded = cosine.toFixed(6);
  return rounded === '1.000000' ? '>0.999999' : rounded;
}

function formatFigure(value: number | null): string {
  if (value === null) return '-';
  if (value === 0) return '0';
  return value >= 1e-3 && value < 1e5 ? value.toPrecision(4) : value.toExponential(2);
}

/** Neither 0 % nor 100 % is written for what is only close to it. */
function formatShare(share: number | null): string {
  if (share === null) return '-';
  if (share === 0 || share === 1) return `${share * 100} %`;
  return `${Math.min(99.99, Math.max(0.01, share * 100)).toFixed(2)} %`;
}

function unmatchedLines(difference: CheckpointDifference, rows: number): string[] {
  const { mismatches, onlyInA, onlyInB } = difference;
  const outline = ({ name, dtype, shape }: TensorOutline) =>
    `  ${printable(name)}  ${dtype} ${formatShape(shape)}`;
  const mismatch = ({ name, a, b }: (typeof mismatches)[number]) =>
    `  ${printable(name)}  ${a.dtype} ${formatShape(a.shape)} in a, ${b.dtype} ${formatShape(b.shape)} in b`;
  return [
    ...listPart('do not match, not compared', mismatches.map(mismatch), rows),
    ...listPart('only in a', onlyInA.map(outline), rows),
    ...listPart('only in b', onlyInB.map(outline), rows),
  ];
}

function listPart(title: string, lines: readonly string[], rows: number): string[] {
  if (lines.length === 0) return [];
  const hidden = lines.length - rows;
  const more = hidden > 0 ? [`  and ${hidden} more`] : [];
  return [[`${title} (${lines.length}):`, ...lines.slice(0, rows), ...more].join('\n')];
}

function renderTotal(difference: CheckpointDifference): string {
  const { tensors, total } = difference;
  const compared = `${plural(tensors.length, 'tensor')}, ${formatCount(total.elements)} elements compared`;
  if (isIdentical(difference)) return `${compared}: identical`;
  const [cosine, delta, relative, unchanged] = figureCells(total);
  const lines = [
    `${compared}: ${unchanged} unchanged`,
    ...(total.normA === null
      ? []
      : [`cosine ${cosine}, |b - a| ${delta}, |b - a| / |a| ${relative}`]),
    ...(total.nonFinite > 0
      ? [`${plural(total.nonFinite, 'element')} infinite or not a number: in no norm and no cosine`]
      : []),
  ];
  return lines.join('\n');
}
