/**
 * CSV by RFC 4180, with LF beside CR LF, to cells: a quoted field may hold commas, line breaks and
 * doubled quotes, and a quote anywhere else is refused. Blank lines are passed over.
 */

import { CsvError, type InfoRecord, type Options, type Parser, parse } from 'csv-parse';
import { problemInRow } from './row.ts';
import type { CellRow } from './table.ts';
import { countLineBreaks, MAX_LINE_BYTES, type TextBlock } from './textBlocks.ts';

const OPTIONS = {
  max_record_size: MAX_LINE_BYTES,
  record_delimiter: ['\r\n', '\n'],
  // Rows of the wrong length are refused with the columns at hand, in table.ts.
  relax_column_count: true,
  skip_empty_lines: true,
} satisfies Options;

/** What ends the parsing, as sentences of ours. */
const PROBLEMS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened in this row and never closed',
  CSV_INVALID_CLOSING_QUOTE:
    'something follows a closing quote in this row; write a quote within a field twice',
  INVALID_OPENING_QUOTE:
    'a quote is in the middle of a field in this row; put the field in quotes and write that quote twice',
  CSV_MAX_RECORD_SIZE: `the row is longer than ${MAX_LINE_BYTES} bytes; is a quote not closed?`,
};

export async function* csvCells(
  blocks: AsyncIterable<TextBlock>,
  name: string,
): AsyncGenerator<readonly CellRow[]> {
  const place: Place = { line: 1, blankLines: 0 };
  const rows: CellRow[] = [];
  const parser = parserInto(rows, place);
  for await (const { text } of blocks) {
    const problem = await write(parser, text);
    yield rows.splice(0);
    if (problem) throw explain(problem, name, place);
  }
  const problem = await end(parser);
  yield rows.splice(0);
  if (problem) throw explain(problem, name, place);
}

/** Its rows are taken as they are parsed: what waits in a stream is lost when an error follows. */
function parserInto(rows: CellRow[], place: Place): Parser {
  const parser = parse({
    ...OPTIONS,
    on_record: (cells, info) => {
      rows.push({ line: passRow(place, cells, info), cells });
      return null;
    },
  });
  // Errors come back from `write` and `end`; one that nobody listens to would end the process.
  return parser.on('error', () => {});
}

function write(parser: Parser, text: string): Promise<Problem> {
  return new Promise((resolve) => parser.write(text, resolve));
}

function end(parser: Parser): Promise<Problem> {
  // The types leave out that this callback gets an error, too.
  return new Promise((resolve) => parser.end((problem?: Problem) => resolve(problem)));
}

type Problem = Error | null | undefined;

/**
 * Where the next row starts, but for blank lines before it. The parser counts CR LF within quotes as
 * two lines, so lines are counted here.
 */
interface Place {
  line: number;
  blankLines: number;
}

/** Returns the line that the row starts at. */
function passRow(place: Place, cells: readonly string[], info: InfoRecord): number {
  const line = lineAfter(place, info.empty_lines);
  place.line = line + 1 + cells.reduce((breaks, cell) => breaks + countLineBreaks(cell), 0);
  place.blankLines = info.empty_lines;
  return line;
}

function lineAfter(place: Place, blankLines: number): number {
  return place.line + blankLines - place.blankLines;
}

function explain(error: Error, name: string, place: Place): Error {
  if (!(error instanceof CsvError)) return error;
  const blankLines = Number(error.empty_lines ?? place.blankLines);
  return problemInRow(name, lineAfter(place, blankLines), PROBLEMS[error.code] ?? error.message);
}
