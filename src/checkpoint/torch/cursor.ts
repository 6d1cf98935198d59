/** A bounds-checked reading position in the bytes of a pickle; integers are little-endian. */

import { badInput, FusionError } from '../../errors.ts';
import { MAX_GLOBAL_BYTES, MAX_STRING_BYTES } from './limits.ts';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export interface Cursor {
  /** What error messages call the pickle: the file's name. */
  readonly subject: string;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  position: number;
}

/** The bytes ended before the pickle did; with more bytes it may still be well-formed. */
export class PickleEndedEarly extends FusionError {
  constructor(subject: string, position: number) {
    super('bad_input', `${subject}: ends at byte ${position}, in the middle of a pickle`);
  }
}

export function cursorAt(bytes: Uint8Array, position: number, subject: string): Cursor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { subject, bytes, view, position };
}

/** Moves past `length` bytes and gives the position at which they begin. */
function advance(cursor: Cursor, length: number): number {
  const start = cursor.position;
  if (length > cursor.bytes.length - start) {
    throw new PickleEndedEarly(cursor.subject, cursor.bytes.length);
  }
  cursor.position = start + length;
  return start;
}

export function takeUint8(cursor: Cursor): number {
  return cursor.view.getUint8(advance(cursor, 1));
}

export function takeUint16(cursor: Cursor): number {
  return cursor.view.getUint16(advance(cursor, 2), true);
}

export function takeInt32(cursor: Cursor): number {
  return cursor.view.getInt32(advance(cursor, 4), true);
}

export function takeUint32(cursor: Cursor): number {
  return cursor.view.getUint32(advance(cursor, 4), true);
}

/** A 64-bit length, rounded when beyond 2^53: every such length is refused anyway. */
export function takeUint64(cursor: Cursor): number {
  return Number(cursor.view.getBigUint64(advance(cursor, 8), true));
}

export function takeBytes(cursor: Cursor, length: number): Uint8Array {
  if (length > MAX_STRING_BYTES) {
    throw badInput(
      `${cursor.subject}: the pickle holds a string of ${length} bytes, the limit is ${MAX_STRING_BYTES}`,
    );
  }
  const start = advance(cursor, length);
  return cursor.bytes.subarray(start, start + length);
}

export function takeUtf8(cursor: Cursor, length: number): string {
  const bytes = takeBytes(cursor, length);
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw badInput(`${cursor.subject}: the pickle holds a string that is not UTF-8`, cause);
  }
}

export function takeLatin1(cursor: Cursor, length: number): string {
  return Buffer.from(takeBytes(cursor, length)).toString('latin1');
}

/** Text up to a line feed, which is consumed and not returned. */
export function takeLine(cursor: Cursor): string {
  const window = cursor.bytes.subarray(cursor.position, cursor.position + MAX_GLOBAL_BYTES + 1);
  const length = window.indexOf(0x0a);
  if (length >= 0) {
    const line = takeUtf8(cursor, length);
    cursor.position += 1;
    return line;
  }
  if (window.length <= MAX_GLOBAL_BYTES) {
    throw new PickleEndedEarly(cursor.subject, cursor.bytes.length);
  }
  throw badInput(`${cursor.subject}: the pickle names a global of over ${MAX_GLOBAL_BYTES} bytes`);
}
