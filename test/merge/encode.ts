/**
 * Numbers to the bytes of the stored dtypes and back, by the plainest means there are: the tests'
 * own view of the formats, which shares no code with the library.
 */

export type FloatDtype = 'F64' | 'F32' | 'F16' | 'BF16';

export const BYTES: Readonly<Record<FloatDtype, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2 };

/** Bits of the fraction, the hidden one not counted, and the exponent of the smallest normal. */
const FORMAT: Readonly<Record<FloatDtype, { fraction: number; lowest: number; highest: number }>> =
  {
    F64: { fraction: 52, lowest: -1022, highest: 1023 },
    F32: { fraction: 23, lowest: -126, highest: 127 },
    F16: { fraction: 10, lowest: -14, highest: 15 },
    BF16: { fraction: 7, lowest: -126, highest: 127 },
  };

/** Distance to the next number of the dtype at this magnitude. */
export function ulp(dtype: FloatDtype, value: number): number {
  const { fraction, lowest } = FORMAT[dtype];
  const magnitude = Math.abs(value);
  const exponent = magnitude === 0 ? lowest : Math.max(lowest, Math.floor(Math.log2(magnitude)));
  return 2 ** (exponent - fraction);
}

/** The nearest number of the dtype, ties to even. */
export function roundTo(dtype: FloatDtype, value: number): number {
  if (dtype === 'F64' || !Number.isFinite(value) || value === 0) return value;
  const { fraction, lowest, highest } = FORMAT[dtype];
  const step = 2 ** (Math.max(lowest, exponentOf(value)) - fraction);
  const scaled = value / step;
  let whole = Math.round(scaled);
  if (Math.abs(scaled - Math.trunc(scaled)) === 0.5 && whole % 2 !== 0) whole -= 1;
  const rounded = whole * step;
  const largest = (2 - 2 ** -fraction) * 2 ** highest;
  return Math.abs(rounded) > largest ? Math.sign(value) * Number.POSITIVE_INFINITY : rounded;
}

const scratch = new DataView(new ArrayBuffer(8));

/** Exponent of a finite float64, the exact one also next to a power of two. */
function exponentOf(value: number): number {
  scratch.setFloat64(0, value);
  const exponent = (scratch.getUint32(0) >>> 20) & 0x7ff;
  return exponent === 0 ? -1074 : exponent - 1023;
}

export function encode(dtype: FloatDtype, values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(values.length * BYTES[dtype]);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (dtype === 'F64') view.setFloat64(i * 8, value, true);
    if (dtype === 'F32') view.setFloat32(i * 4, value, true);
    if (dtype === 'BF16') view.setUint16(i * 2, bf16Bits(value), true);
    if (dtype === 'F16') view.setUint16(i * 2, f16Bits(value), true);
  }
  return bytes;
}

function bf16Bits(value: number): number {
  scratch.setFloat32(0, roundTo('BF16', value));
  return scratch.getUint16(0);
}

function f16Bits(value: number): number {
  const rounded = roundTo('F16', value);
  const sign = rounded < 0 || Object.is(rounded, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(rounded);
  if (Number.isNaN(rounded)) return 0x7e00;
  if (magnitude === Number.POSITIVE_INFINITY) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | (magnitude * 2 ** 24);
  const exponent = exponentOf(magnitude);
  return sign | ((exponent + 15) << 10) | ((magnitude / 2 ** exponent - 1) * 1024);
}

export function decode(dtype: FloatDtype, bytes: Uint8Array): Float64Array {
  const { buffer } = new Uint8Array(bytes);
  if (dtype === 'F64') return new Float64Array(buffer);
  if (dtype === 'F32') return Float64Array.from(new Float32Array(buffer));
  const bits = new Uint16Array(buffer);
  const values = new Float64Array(bits.length);
  const numberOf = dtype === 'BF16' ? bf16Value : f16Value;
  for (let i = 0; i < bits.length; i++) values[i] = numberOf(bits[i]!);
  return values;
}

function bf16Value(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}

function f16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
