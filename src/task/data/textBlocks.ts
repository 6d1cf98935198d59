/**
 * Bytes to text, a block of whole lines at a time, so that a file is never held beside its records.
 * UTF-8 alone: what is not valid is refused with its line, and a byte order mark is dropped.
 */

import { badInput } from '../../errors.ts';

/** Whole lines, each with its line break; the last line of a file may lack one. */
export interface TextBlock {
  readonly text: string;
  /** Lines count from 1. */
  readonly firstLine: number;
}

export interface Line {
  readonly number: number;
  /** Without its line break. */
  readonly text: string;
}

/** A line of this length is no text: it is the wrong format, or a file that is made to harm. */
export const MAX_LINE_BYTES = 2 ** 26;

const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = '\ufeff';

export async function* textBlocks(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<TextBlock> {
  let firstLine = 1;
  for await (const bytes of wholeLines(chunks, name)) {
    for (const block of decode(bytes, firstLine, name)) {
      yield block;
      firstLine += countLineBreaks(block.text);
    }
  }
}

/** The lines of a block; CR LF ends a line as LF does. */
export function linesOf({ text, firstLine }: TextBlock): Line[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line, i) => ({
    number: firstLine + i,
    text: line.endsWith('\r') ? line.slice(0, -1) : line,
  }));
}

export function countLineBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

/** Cuts where lines end; never empty. */
async function* wholeLines(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array> {
  let unfinished: Uint8Array[] = [];
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      yield joined([...unfinished, chunk.subarray(0, end)]);
      unfinished = [];
    }
    unfinished.push(chunk.subarray(end));
    assertLineEnds(unfinished, name);
  }
  const rest = joined(unfinished);
  if (rest.length > 0) yield rest;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(byteLengthOf(parts));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

function byteLengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, part) => total + part.length, 0);
}

function assertLineEnds(parts: readonly Uint8Array[], name: string): void {
  if (byteLengthOf(parts) <= MAX_LINE_BYTES) return;
  throw badInput(
    `${name}: has a line of more than ${MAX_LINE_BYTES} bytes; is it what its ending says?`,
  );
}

/** What is before an invalid line is given out first, so that no error depends on the chunks. */
function* decode(bytes: Uint8Array, firstLine: number, name: string): Generator<TextBlock> {
  const text = decodeIfValid(bytes);
  if (text !== undefined) {
    yield { text: firstLine === 1 ? withoutMark(text) : text, firstLine };
    return;
  }
  const { start, line } = firstInvalidLine(bytes, firstLine);
  if (start > 0) yield* decode(bytes.subarray(0, start), firstLine, name);
  throw badInput(
    `${name}:${line}: not valid UTF-8; ${line === 1 ? remedyFor(bytes) : SAVE_AS_UTF8}`,
  );
}

function withoutMark(text: string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

/** A mark in the middle of a file is a character of it, so the decoder keeps them all. */
function decodeIfValid(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function firstInvalidLine(bytes: Uint8Array, firstLine: number): { start: number; line: number } {
  let line = firstLine;
  let start = 0;
  for (;;) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end < 0 || decodeIfValid(bytes.subarray(start, end)) === undefined) return { start, line };
    start = end + 1;
    line++;
  }
}

const SAVE_AS_UTF8 = 'save the file as UTF-8';

/** A first line betrays compressed files, and what spreadsheets call Unicode text. */
function remedyFor([first, second]: Uint8Array): string {
  if (first === 0x1f && second === 0x8b) return 'it is a gzip file, whose name must end in .gz';
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return isUtf16 ? `it is UTF-16, so ${SAVE_AS_UTF8}` : SAVE_AS_UTF8;
}
