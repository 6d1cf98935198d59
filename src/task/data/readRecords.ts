/**
 * The data contract of every command: a file, or standard input, to examples in its order. Columns
 * `text` and `label`, `source` and `target`, `id` and `group`; whatever else a row has is kept.
 * Formats are rows.ts; splits and metrics are elsewhere.
 */

import type { JsonObject } from '../../checkpoint/checkpoint.ts';
import { COLUMNS, type Column, type ColumnOverrides, missingColumn, theirName } from './columns.ts';
import { type DataInput, nameOfInput } from './input.ts';
import { nameIn, problemInRow, quoted, type Row, textIn } from './row.ts';
import { type ReadRowsOptions, readRows } from './rows.ts';

/** One item of a task, with what is known about it. */
export interface Example {
  /** Of the file, or the number of the row, counted from 0. No two examples share one. */
  readonly id: string;
  readonly text?: string;
  readonly label?: string;
  readonly source?: string;
  readonly target?: string;
  /** Examples of one group belong together, and never in two splits. */
  readonly group?: string;
  /** The other columns. */
  readonly extra: JsonObject;
}

/** An example that has these columns for certain. */
export type ExampleWith<Required extends Column> = Example & {
  readonly [column in Required]: string;
};

export interface ReadRecordsOptions<Required extends Column = never> extends ReadRowsOptions {
  readonly columns?: ColumnOverrides | undefined;
  /** Columns that every row must have; the others may be absent. */
  readonly required?: readonly Required[] | undefined;
}

/** How values of a column are read: texts may be empty, names may not. */
const READ: Readonly<Record<Column, typeof textIn>> = {
  id: nameIn,
  group: nameIn,
  label: nameIn,
  text: textIn,
  source: textIn,
  target: textIn,
};

export async function readRecords<Required extends Column = never>(
  input: DataInput,
  options: ReadRecordsOptions<Required> = {},
): Promise<ExampleWith<Required>[]> {
  const examples: ExampleWith<Required>[] = [];
  for await (const batch of streamRecords(input, options)) {
    for (const example of batch) examples.push(example);
  }
  return examples;
}

/** As `readRecords`, some at a time; of those given out, the ids alone are remembered. */
export async function* streamRecords<Required extends Column = never>(
  input: DataInput,
  options: ReadRecordsOptions<Required> = {},
): AsyncGenerator<readonly ExampleWith<Required>[]> {
  const overrides = options.columns ?? {};
  const context: Context = {
    name: nameOfInput(input),
    overrides,
    known: new Set(COLUMNS.map((column) => theirName(column, overrides))),
    required: options.required ?? [],
    lineOfId: new Map(),
  };
  for await (const rows of readRows(input, options)) {
    yield rows.map((row) => toExample(row, context) as ExampleWith<Required>);
  }
}

interface Context {
  readonly name: string;
  readonly overrides: ColumnOverrides;
  /** Columns of the file that are ours, under its names. */
  readonly known: ReadonlySet<string>;
  readonly required: readonly Column[];
  readonly lineOfId: Map<string, number>;
}

function toExample(row: Row, context: Context): Example {
  const values: { [column in Column]?: string } = {};
  for (const column of COLUMNS) {
    const value = readColumn(row, column, context);
    if (value !== undefined) values[column] = value;
  }
  const id = values.id ?? String(context.lineOfId.size);
  takeId(id, row, context);
  return { ...values, id, extra: otherFields(row, context) };
}

function readColumn(row: Row, column: Column, context: Context): string | undefined {
  const { name, overrides, required } = context;
  const theirs = theirName(column, overrides);
  const isWanted = required.includes(column);
  if (!row.fields.has(theirs)) {
    if (isWanted || overrides[column] !== undefined) {
      throw missingColumn(row, column, overrides, name);
    }
    return undefined;
  }
  const value = READ[column](row, theirs, name);
  if (value !== undefined || !(isWanted || column === 'id')) return value;
  throw problemInRow(name, row.line, `${quoted(theirs)} is empty; every row needs one`);
}

function takeId(id: string, row: Row, { name, lineOfId }: Context): void {
  const before = lineOfId.get(id);
  if (before !== undefined) {
    throw problemInRow(
      name,
      row.line,
      `the id ${quoted(id)} is also that of line ${before}; ids must differ`,
    );
  }
  lineOfId.set(id, row.line);
}

function otherFields({ fields }: Row, { known }: Context): JsonObject {
  return Object.fromEntries([...fields].filter(([column]) => !known.has(column)));
}
