/**
 * A cursor over JSON text, for files that nobody trusts: the caller says what must come next.
 * Unlike JSON.parse it sees duplicate keys (and refuses them), knows integers from other numbers,
 * and builds nothing that was not asked for, so hostile text costs no more than its own length.
 * Not a general JSON library. Grammar: RFC 8259.
 */

import { badInput, type FusionError } from '../errors.ts';

export interface JsonCursor {
  readonly text: string;
  /** What error messages call the text. */
  readonly subject: string;
  position: number;
}

/** Nesting that `skipValue` follows; index files need 2, and each level costs a stack frame. */
const MAX_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const FIRST_PRINTABLE = 0x20;
const DIGIT_0 = 0x30;

export function jsonCursor(text: string, subject: string): JsonCursor {
  return { text, subject, position: 0 };
}

/** Text of `bytes`, which must be valid UTF-8. */
export function decodeUtf8(bytes: Uint8Array, subject: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw badInput(`${subject}: not valid UTF-8`, cause);
  }
}

/** Takes `{ ... }`; `onMember` must take the value of the key it is given. */
export function takeObject(cursor: JsonCursor, onMember: (key: string) => void): void {
  const seen = new Set<string>();
  takeSequence(cursor, '{', '}', () => {
    const key = takeString(cursor);
    if (seen.has(key)) {
      throw badInput(`${cursor.subject}: the key ${JSON.stringify(key)} appears twice`);
    }
    seen.add(key);
    takeMark(cursor, ':');
    onMember(key);
  });
}

/** Takes `[ ... ]`; `onItem` must take one value. */
export function takeArray(cursor: JsonCursor, onItem: () => void): void {
  takeSequence(cursor, '[', ']', onItem);
}

export function takeString(cursor: JsonCursor): string {
  skipSpace(cursor);
  const { text } = cursor;
  const start = cursor.position;
  if (text.charCodeAt(start) !== QUOTE) throw unexpected(cursor, 'a string');
  let escaped = false;
  let end = start + 1;
  for (; text.charCodeAt(end) !== QUOTE; end++) {
    if (text.charCodeAt(end) === BACKSLASH) {
      escaped = true;
      end++;
    }
    if (!(text.charCodeAt(end) >= FIRST_PRINTABLE)) {
      cursor.position = Math.min(end, text.length);
      throw unexpected(cursor, 'the rest of a string');
    }
  }
  cursor.position = end + 1;
  return escaped
    ? unescapeString(text.slice(start, end + 1), cursor.subject)
    : text.slice(start + 1, end);
}

/** Takes a non-negative whole number that a double holds exactly, written as digits alone. */
export function takeSize(cursor: JsonCursor): number {
  skipSpace(cursor);
  const start = cursor.position;
  while (isDigit(cursor.text.charCodeAt(cursor.position))) cursor.position++;
  const digits = cursor.text.slice(start, cursor.position);
  const next = cursor.text[cursor.position];
  const padded = digits.length > 1 && digits.startsWith('0');
  if (digits === '' || padded || next === '.' || next === 'e' || next === 'E') {
    cursor.position = start;
    throw unexpected(cursor, 'a whole number of at least 0');
  }
  const value = Number(digits);
  if (Number.isSafeInteger(value)) return value;
  const shown = digits.length > 40 ? `${digits.slice(0, 40)}...` : digits;
  throw badInput(`${cursor.subject}: the number ${shown} is larger than can be counted`);
}

/** Passes over one value of any kind. */
export function skipValue(cursor: JsonCursor, depth = 0): void {
  if (depth > MAX_DEPTH) throw badInput(`${cursor.subject}: nested more than ${MAX_DEPTH} deep`);
  const first = peek(cursor);
  if (first === '{') takeObject(cursor, () => skipValue(cursor, depth + 1));
  else if (first === '[') takeArray(cursor, () => skipValue(cursor, depth + 1));
  else if (first === '"') takeString(cursor);
  else skipScalar(cursor);
}

/** The next character that is not white space, not taken; '' at the end. */
export function peek(cursor: JsonCursor): string {
  skipSpace(cursor);
  return cursor.text[cursor.position] ?? '';
}

/** Refuses whatever is left, white space apart. */
export function takeEnd(cursor: JsonCursor): void {
  if (peek(cursor) !== '') throw unexpected(cursor, 'the end');
}

function takeSequence(cursor: JsonCursor, open: string, close: string, onPart: () => void): void {
  takeMark(cursor, open);
  if (peek(cursor) === close) {
    cursor.position++;
    return;
  }
  for (;;) {
    onPart();
    const mark = peek(cursor);
    if (mark !== ',' && mark !== close) throw unexpected(cursor, `"," or "${close}"`);
    cursor.position++;
    if (mark === close) return;
  }
}

function takeMark(cursor: JsonCursor, mark: string): void {
  if (peek(cursor) !== mark) throw unexpected(cursor, `"${mark}"`);
  cursor.position++;
}

const SCALAR = /(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)/y;

function skipScalar(cursor: JsonCursor): void {
  SCALAR.lastIndex = cursor.position;
  if (!SCALAR.test(cursor.text)) throw unexpected(cursor, 'a value');
  cursor.position = SCALAR.lastIndex;
}

function skipSpace(cursor: JsonCursor): void {
  const { text } = cursor;
  for (;;) {
    const code = text.charCodeAt(cursor.position);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    cursor.position++;
  }
}

function unescapeString(literal: string, subject: string): string {
  const value = parseLiteral(literal, subject);
  // Half of a surrogate pair is no character: it could be written to no UTF-8 file again.
  if (/\p{Surrogate}/u.test(value)) {
    throw badInput(`${subject}: the string ${shorten(literal)} holds half a surrogate pair`);
  }
  return value;
}

function parseLiteral(literal: string, subject: string): string {
  try {
    return JSON.parse(literal) as string;
  } catch (cause) {
    throw badInput(`${subject}: the string ${shorten(literal)} has a bad escape`, cause);
  }
}

function unexpected(cursor: JsonCursor, wanted: string): FusionError {
  const found = cursor.text[cursor.position];
  const shown = found === undefined ? 'the text ends' : `found ${JSON.stringify(found)}`;
  return badInput(
    `${cursor.subject}: expected ${wanted} at character ${cursor.position}, but ${shown}`,
  );
}

function isDigit(code: number): boolean {
  return code >= DIGIT_0 && code <= DIGIT_0 + 9;
}

function shorten(literal: string): string {
  return literal.length > 80 ? `${literal.slice(0, 80)}...` : literal;
}
