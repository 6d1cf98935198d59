/**
 * The columns that lmfuse knows, under the names that a file gives them: `--columns text=sentence`
 * says that the file's `sentence` is our `text`.
 */

import { closest, distance } from 'fastest-levenshtein';
import { badInput } from '../../errors.ts';
import { listed, problemInRow, quoted, type Row } from './row.ts';

export const COLUMNS = ['id', 'group', 'text', 'label', 'source', 'target'] as const;

export type Column = (typeof COLUMNS)[number];

/** Our name to theirs, where they differ. */
export type ColumnOverrides = { readonly [column in Column]?: string };

/** `text=sentence,label=polarity` */
export function parseColumnOverrides(text: string): ColumnOverrides {
  const overrides: { [column in Column]?: string } = {};
  for (const part of text.split(',')) {
    const [column, theirs] = parsePair(part);
    if (overrides[column] !== undefined) {
      throw badInput(
        `--columns: "${column}" is given twice, as ${quoted(overrides[column])} and ${quoted(theirs)}`,
      );
    }
    overrides[column] = theirs;
  }
  return overrides;
}

function parsePair(part: string): [Column, string] {
  const [, ours = '', theirs = ''] = /^([^=]*)=(.*)$/s.exec(part) ?? [];
  if (theirs === '') {
    throw badInput(
      `--columns: ${quoted(part)} is not of the form name=column, such as text=sentence,label=polarity`,
    );
  }
  const column = COLUMNS.find((known) => known === ours.trim());
  if (column) return [column, theirs];
  throw badInput(
    `--columns: ${quoted(ours)} is none of ${COLUMNS.join(', ')}${suggestion(ours, COLUMNS)}; ` +
      'write our name first, then the column of the file',
  );
}

/** The name of `column` in the file. */
export function theirName(column: Column, overrides: ColumnOverrides): string {
  return overrides[column] ?? column;
}

/** That a row lacks `column`, what it has, and how to say which it is. */
export function missingColumn(
  row: Row,
  column: Column,
  overrides: ColumnOverrides,
  name: string,
): Error {
  const columns = [...row.fields.keys()];
  const wanted = theirName(column, overrides);
  const given = wanted === column ? '' : `, which --columns gives for "${column}"`;
  const near = nearest(wanted, columns);
  return problemInRow(
    name,
    row.columnsLine,
    `no column ${quoted(wanted)}${given}; there ${columns.length === 1 ? 'is' : 'are'} ${listed(columns)}` +
      `${suggestion(wanted, columns)}; say which it is with --columns ${shellPair(column, near)}`,
  );
}

function shellPair(column: Column, theirs: string | undefined): string {
  if (theirs === undefined) return `${column}=...`;
  return /^[\w.:-]+$/.test(theirs) ? `${column}=${theirs}` : `'${column}=${theirs}'`;
}

function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined ? '' : ` (did you mean ${quoted(near)}?)`;
}

/** The distance is quadratic in the length. */
const MAX_WORD = 200;

/** Beyond this share of the letters a suggestion misleads. */
const MAX_SHARE = 0.4;

/** The known word that `word` may be a slip of, capitals aside. */
function nearest(word: string, known: readonly string[]): string | undefined {
  const short = known.filter(({ length }) => length <= MAX_WORD);
  if (short.length === 0 || word.length > MAX_WORD) return undefined;
  const lower = short.map((each) => each.toLowerCase());
  const found = closest(word.toLowerCase(), lower);
  const allowed = Math.max(word.length, found.length) * MAX_SHARE;
  return distance(word.toLowerCase(), found) <= allowed ? short[lower.indexOf(found)] : undefined;
}
