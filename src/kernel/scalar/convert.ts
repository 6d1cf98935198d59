/**
 * Half-precision formats to numbers and back, rounded once, nearest even. NaN is written as one
 * quiet NaN. Source and target bytes need no alignment.
 *
 * decode: fraction 2^(minExponent - fractionBits) below the normal range, else
 *         (1 + fraction / 2^fractionBits) 2^exponent.
 * encode: with 2^e <= |x| < 2^(e + 1), e at least minExponent, the bits of |x| are
 *         round(|x| 2^(fractionBits - e)) + (e - minExponent) 2^fractionBits: a carry out of the
 *         fraction moves the exponent on by itself.
 *
 * The truth for ../assembly/convert.ts.
 */

import type { MergeableDtype } from '../../tensor/dtype.ts';
import type { Pointer } from '../kernels.ts';
import { numbersAt, type Tiles } from './tiles.ts';

interface HalfFormat {
  readonly fractionBits: number;
  /** Exponent of the smallest normal number. */
  readonly minExponent: number;
  readonly infinity: number;
  readonly quietNaN: number;
}

const F16: HalfFormat = {
  fractionBits: 10,
  minExponent: -14,
  infinity: 0x7c00,
  quietNaN: 0x7e00,
};
const BF16: HalfFormat = {
  fractionBits: 7,
  minExponent: -126,
  infinity: 0x7f80,
  quietNaN: 0x7fc0,
};

function decodeHalf(half: number, format: HalfFormat): number {
  const { fractionBits, minExponent, infinity } = format;
  const sign = half & 0x8000 ? -1 : 1;
  const magnitude = half & 0x7fff;
  if (magnitude > infinity) return Number.NaN;
  if (magnitude === infinity) return sign * Number.POSITIVE_INFINITY;
  const field = magnitude >> fractionBits;
  const fraction = magnitude & ((1 << fractionBits) - 1);
  if (field === 0) return sign * fraction * 2 ** (minExponent - fractionBits);
  const exponent = field - 1 + minExponent;
  return sign * ((1 << fractionBits) + fraction) * 2 ** (exponent - fractionBits);
}

/** Of the bits of one float16. */
export function decodeF16(half: number): number {
  return decodeHalf(half, F16);
}

function encodeHalf(x: number, format: HalfFormat, bits: DataView): number {
  const { fractionBits, minExponent, infinity, quietNaN } = format;
  if (Number.isNaN(x)) return quietNaN;
  bits.setFloat64(0, x);
  const high = bits.getUint32(0);
  const sign = (high >>> 16) & 0x8000;
  const exponent = Math.max(((high >>> 20) & 0x7ff) - 1023, minExponent);
  const scaled = roundToEven(Math.abs(x) * 2 ** (fractionBits - exponent));
  const magnitude = scaled + (exponent - minExponent) * 2 ** fractionBits;
  return sign | Math.min(magnitude, infinity);
}

/** For 0 <= x < 2^51: beyond 2^52 a float64 has no fraction, so the sum rounds. */
function roundToEven(x: number): number {
  return x + 2 ** 52 - 2 ** 52;
}

type Read = (view: DataView, at: number) => number;
type Write = (view: DataView, at: number, x: number, bits: DataView) => void;

export const readBf16: Read = (view, at) => decodeHalf(view.getUint16(at, true), BF16);
export const writeBf16: Write = (view, at, x, bits) =>
  view.setUint16(at, encodeHalf(x, BF16, bits), true);

const READERS: Record<MergeableDtype, Read> = {
  F64: (view, at) => view.getFloat64(at, true),
  F32: (view, at) => view.getFloat32(at, true),
  F16: (view, at) => decodeHalf(view.getUint16(at, true), F16),
  BF16: readBf16,
};

const WRITERS: Record<MergeableDtype, Write> = {
  F64: (view, at, x) => view.setFloat64(at, x, true),
  F32: (view, at, x) => view.setFloat32(at, x, true),
  F16: (view, at, x, bits) => view.setUint16(at, encodeHalf(x, F16, bits), true),
  BF16: writeBf16,
};

const BYTES: Record<MergeableDtype, number> = { F64: 8, F32: 4, F16: 2, BF16: 2 };

export function decode(
  tiles: Tiles,
  dtype: MergeableDtype,
  source: Pointer,
  target: Pointer,
  count: number,
): void {
  if (dtype === 'F64' && tiles.numberBytes === 4) {
    throw new Error('F64 tensors are decoded by the float64 kernels');
  }
  const size = BYTES[dtype];
  const view = new DataView(tiles.buffer, source, count * size);
  const out = numbersAt(tiles, target, count);
  const read = READERS[dtype];
  for (let j = 0; j < count; j++) out[j] = read(view, j * size);
}

export function encode(
  tiles: Tiles,
  dtype: MergeableDtype,
  source: Pointer,
  target: Pointer,
  count: number,
): void {
  const size = BYTES[dtype];
  const x = numbersAt(tiles, source, count);
  const view = new DataView(tiles.buffer, target, count * size);
  const write = WRITERS[dtype];
  for (let j = 0; j < count; j++) {
    const value = x[j]!;
    write(view, j * size, Number.isNaN(value) ? Number.NaN : value, tiles.bits);
  }
}
