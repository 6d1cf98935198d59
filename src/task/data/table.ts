/**
 * Tables: cells under a header, to rows. TSV is cut here; CSV comes cut from csv.ts. A blank line is
 * no row, unless the table has one column, in which it is an empty text.
 */

import { badInput } from '../../errors.ts';
import { listed, problemInRow, quoted, type Row } from './row.ts';
import { linesOf, type TextBlock } from './textBlocks.ts';

export interface CellRow {
  readonly line: number;
  /** None for a blank line. */
  readonly cells: readonly string[];
}

export interface TableOptions {
  readonly name: string;
  /** What keeps a field whole in this format, for rows of the wrong length. */
  readonly advice: string;
  readonly mayBeEmpty: boolean;
}

export async function* tsvCells(
  blocks: AsyncIterable<TextBlock>,
): AsyncGenerator<readonly CellRow[]> {
  for await (const block of blocks) {
    yield linesOf(block).map(({ number, text }) => ({
      line: number,
      cells: text === '' ? [] : text.split('\t'),
    }));
  }
}

/** Rows under the first row of cells, which names the columns. */
export async function* tableRows(
  batches: AsyncIterable<readonly CellRow[]>,
  options: TableOptions,
): AsyncGenerator<readonly Row[]> {
  let header: CellRow | undefined;
  let count = 0;
  for await (const batch of batches) {
    const below = header ? batch : batch.slice(1);
    header ??= checkedHeader(batch[0], options.name);
    const rows = header ? toRows(below, header, options) : [];
    count += rows.length;
    yield rows;
  }
  if (count === 0 && !options.mayBeEmpty) throw noRows(header, options.name);
}

function checkedHeader(header: CellRow | undefined, name: string): CellRow | undefined {
  if (header) assertHeader(header, name);
  return header;
}

function assertHeader({ cells, line }: CellRow, name: string): void {
  if (cells.every((cell) => cell.trim() === '')) {
    throw problemInRow(name, line, 'the header is blank; the first line must name the columns');
  }
  const columns = new Map<string, number>();
  for (const [i, cell] of cells.entries()) {
    const before = columns.get(cell);
    columns.set(cell, i);
    if (before === undefined) continue;
    throw problemInRow(
      name,
      line,
      `columns ${before + 1} and ${i + 1} are both called ${quoted(cell)}; rename one`,
    );
  }
}

function toRows(batch: readonly CellRow[], header: CellRow, options: TableOptions): readonly Row[] {
  const isRow = ({ cells }: CellRow) => cells.length > 0 || header.cells.length === 1;
  return batch.filter(isRow).map((row) => toRow(row, header, options));
}

function toRow({ line, cells }: CellRow, header: CellRow, { name, advice }: TableOptions): Row {
  const columns = header.cells;
  if (cells.length === columns.length || cells.length === 0) {
    const fields = new Map(columns.map((column, i) => [column, cells[i] ?? '']));
    return { line, columnsLine: header.line, fields };
  }
  throw problemInRow(
    name,
    line,
    `has ${countFields(cells)}, but the header has ${columns.length} (${listed(columns)}); ${advice}`,
  );
}

function countFields({ length }: readonly string[]): string {
  return length === 1 ? '1 field' : `${length} fields`;
}

function noRows(header: CellRow | undefined, name: string): Error {
  return badInput(
    header
      ? `${name}: has a header (${listed(header.cells)}) but no rows below it`
      : `${name}: is empty; its first line must name the columns, and rows must follow`,
  );
}
