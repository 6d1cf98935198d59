/** Data files of every format to rows: the one place that knows them all. */

import type { Json } from '../../checkpoint/checkpoint.ts';
import { jsonCursor, peek, skipValue, takeEnd, takeObject } from '../../checkpoint/jsonCursor.ts';
import { badInput } from '../../errors.ts';
import { csvCells } from './csv.ts';
import { type DataFormat, formatOfName, formatOfPath } from './format.ts';
import { type DataInput, nameOfInput, readBytes } from './input.ts';
import type { Row } from './row.ts';
import { tableRows, tsvCells } from './table.ts';
import { type Line, linesOf, type TextBlock, textBlocks } from './textBlocks.ts';

export interface ReadRowsOptions {
  /** By default what the name's ending tells; bytes whose name tells none are plain lines. */
  readonly format?: DataFormat | undefined;
  /** Take a file without rows; otherwise it is refused. */
  readonly mayBeEmpty?: boolean | undefined;
}

type Blocks = AsyncIterable<TextBlock>;
type Batches = AsyncGenerator<readonly Row[]>;

const READERS: Readonly<
  Record<DataFormat, (blocks: Blocks, name: string, mayBeEmpty: boolean) => Batches>
> = {
  tsv: (blocks, name, mayBeEmpty) => {
    const advice = 'a field can hold neither a tab nor a line break';
    return tableRows(tsvCells(blocks), { name, advice, mayBeEmpty });
  },
  csv: (blocks, name, mayBeEmpty) => {
    const advice = 'put fields that hold a comma or a line break in double quotes';
    return tableRows(csvCells(blocks, name), { name, advice, mayBeEmpty });
  },
  jsonl: (blocks, name, mayBeEmpty) => {
    const toRows = (lines: readonly Line[]) =>
      lines.filter(({ text }) => text.trim() !== '').map((line) => parseJsonLine(line, name));
    return lineRows(blocks, toRows, mayBeEmpty ? undefined : emptyError(name, 'JSON object'));
  },
  text: (blocks, name, mayBeEmpty) => {
    const toRows = (lines: readonly Line[]) =>
      lines.map(({ number, text }) => ({
        ...{ line: number, columnsLine: number },
        fields: new Map([['text', text]]),
      }));
    return lineRows(blocks, toRows, mayBeEmpty ? undefined : emptyError(name, 'text'));
  },
};

/** Rows in the order of the file, some at a time. */
export function readRows(input: DataInput, options: ReadRowsOptions = {}): Batches {
  const name = nameOfInput(input);
  const format = options.format ?? formatOf(input);
  return READERS[format](textBlocks(readBytes(input), name), name, options.mayBeEmpty ?? false);
}

function formatOf(input: DataInput): DataFormat {
  return typeof input === 'string' ? formatOfPath(input) : (formatOfName(input.name) ?? 'text');
}

async function* lineRows(
  blocks: Blocks,
  toRows: (lines: readonly Line[]) => readonly Row[],
  errorIfEmpty: Error | undefined,
): Batches {
  let count = 0;
  for await (const block of blocks) {
    const rows = toRows(linesOf(block));
    count += rows.length;
    yield rows;
  }
  if (count === 0 && errorIfEmpty) throw errorIfEmpty;
}

function emptyError(name: string, what: string): Error {
  return badInput(`${name}: is empty; one ${what} a line is expected`);
}

/** Refuses keys that appear twice, of which JSON.parse would drop one. */
function parseJsonLine({ number, text }: Line, name: string): Row {
  const cursor = jsonCursor(text, `${name}:${number}`);
  const fields = new Map<string, Json>();
  takeObject(cursor, (key) => {
    peek(cursor);
    const start = cursor.position;
    skipValue(cursor);
    fields.set(key, JSON.parse(text.slice(start, cursor.position)) as Json);
  });
  takeEnd(cursor);
  return { line: number, columnsLine: number, fields };
}
