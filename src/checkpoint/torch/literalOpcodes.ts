/**
 * Opcodes that push numbers, strings and bytes. Floats and bytes are skipped over: no name, shape
 * or place of a tensor depends on them.
 */

import {
  type Cursor,
  takeBytes,
  takeInt32,
  takeLatin1,
  takeUint8,
  takeUint16,
  takeUint32,
  takeUint64,
  takeUtf8,
} from './cursor.ts';
import { MAX_INTEGER_BYTES } from './limits.ts';
import { type Effect, type Machine, malformed, push } from './machine.ts';
import { inert, type PickleValue } from './pickleValue.ts';

const FLOAT = inert('float');
const BYTES = inert('bytes');

function literal(parse: (cursor: Cursor) => PickleValue): Effect {
  return (machine) => push(machine, parse(machine.cursor));
}

function bytesOf(takeLength: (cursor: Cursor) => number): Effect {
  return literal((cursor) => {
    takeBytes(cursor, takeLength(cursor));
    return BYTES;
  });
}

function integerOf(takeLength: (cursor: Cursor) => number): Effect {
  return (machine) => push(machine, takeInteger(machine, takeLength(machine.cursor)));
}

/** A two's-complement integer of any length. */
function takeInteger(machine: Machine, length: number): number | bigint {
  if (length > MAX_INTEGER_BYTES) {
    throw malformed(
      machine,
      `holds an integer of ${length} bytes, the limit is ${MAX_INTEGER_BYTES}`,
    );
  }
  let integer = 0n;
  for (const byte of takeBytes(machine.cursor, length).toReversed()) {
    integer = (integer << 8n) | BigInt(byte);
  }
  const signed = BigInt.asIntN(length * 8, integer);
  const number = Number(signed);
  return Number.isSafeInteger(number) ? number : signed;
}

export const LITERAL_OPCODES: Readonly<Record<number, Effect>> = {
  78: literal(() => null), // NONE
  136: literal(() => true), // NEWTRUE
  137: literal(() => false), // NEWFALSE
  74: literal(takeInt32), // BININT
  75: literal(takeUint8), // BININT1
  77: literal(takeUint16), // BININT2
  138: integerOf(takeUint8), // LONG1
  139: integerOf(takeUint32), // LONG4
  // BINFLOAT
  71: literal((cursor) => {
    takeBytes(cursor, 8);
    return FLOAT;
  }),
  88: literal((cursor) => takeUtf8(cursor, takeUint32(cursor))), // BINUNICODE
  140: literal((cursor) => takeUtf8(cursor, takeUint8(cursor))), // SHORT_BINUNICODE
  141: literal((cursor) => takeUtf8(cursor, takeUint64(cursor))), // BINUNICODE8
  // Strings of Python 2, in which early PyTorch wrote names and keys.
  85: literal((cursor) => takeLatin1(cursor, takeUint8(cursor))), // SHORT_BINSTRING
  84: literal((cursor) => takeLatin1(cursor, takeUint32(cursor))), // BINSTRING
  67: bytesOf(takeUint8), // SHORT_BINBYTES
  66: bytesOf(takeUint32), // BINBYTES
  142: bytesOf(takeUint64), // BINBYTES8
  150: bytesOf(takeUint64), // BYTEARRAY8
};
