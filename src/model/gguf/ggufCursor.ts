/**
 * Reads the numbers and strings of a GGUF header, forward, from the first bytes of a file. No count is
 * believed that the file is too short for. Not what they mean (ggufHeader.ts).
 */

import { badInput } from '../../errors.ts';

/** The bytes at hand end, but the file goes on. */
export class MoreBytesNeeded extends Error {}

export interface GgufCursor {
  readonly offset: () => number;
  readonly bytes: (count: number) => Uint8Array;
  readonly uint32: () => number;
  readonly number: (type: NumberType) => number;
  /** Of 64 bits, and at most what the file can hold of things that take `size` bytes each. */
  readonly count: (what: string, size: number) => number;
  /** Of 64 bits. */
  readonly uint64: () => number;
  readonly string: (what: string) => string;
}

type Read = (view: DataView, at: number) => number;
export type NumberType = keyof typeof NUMBERS;

/** By their number in GGUF. */
export const NUMBERS = {
  0: [1, (view, at) => view.getUint8(at)],
  1: [1, (view, at) => view.getInt8(at)],
  2: [2, (view, at) => view.getUint16(at, true)],
  3: [2, (view, at) => view.getInt16(at, true)],
  4: [4, (view, at) => view.getUint32(at, true)],
  5: [4, (view, at) => view.getInt32(at, true)],
  6: [4, (view, at) => view.getFloat32(at, true)],
  7: [1, (view, at) => view.getUint8(at)],
  10: [8, (view, at) => Number(view.getBigUint64(at, true))],
  11: [8, (view, at) => Number(view.getBigInt64(at, true))],
  12: [8, (view, at) => view.getFloat64(at, true)],
} as const satisfies Readonly<Record<number, readonly [size: number, read: Read]>>;

export const STRING = 8;
export const ARRAY = 9;

export function isNumberType(type: number): type is NumberType {
  return type in NUMBERS;
}

export function ggufCursor(prefix: Uint8Array, name: string, byteLength: number): GgufCursor {
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  const decoder = new TextDecoder();
  let at = 0;
  const take = (count: number) => {
    if (at + count > byteLength) throw badInput(`${name}: ends within its header`);
    if (at + count > prefix.byteLength) throw new MoreBytesNeeded();
    at += count;
    return at - count;
  };
  const bytes = (count: number) => {
    const start = take(count);
    return prefix.subarray(start, start + count);
  };
  const uint64 = () => Number(view.getBigUint64(take(8), true));
  const count = (what: string, size: number) => {
    const found = uint64();
    if (found * size <= byteLength - at) return found;
    throw badInput(
      `${name}: ${what} is ${found}, for which a file of ${byteLength} bytes is too short`,
    );
  };
  return {
    offset: () => at,
    bytes,
    uint32: () => view.getUint32(take(4), true),
    number: (type) => {
      const [size, read] = NUMBERS[type];
      return read(view, take(size));
    },
    count,
    uint64,
    string: (what) => decoder.decode(bytes(count(`the length of ${what}`, 1))),
  };
}
