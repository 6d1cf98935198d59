/**
 * rowDivergence: KL(softmax(x) + e || softmax(base) + e) of one row, e = 1e-8, in float64:
 *   a_j = exp(x_j - max x) / sum + e, b_j likewise of base, divergence = sum_j a_j log(a_j / b_j).
 * importance: out_j = |x_j| divergence.
 *
 * exp: x = k ln 2 + r, |r| <= ln 2 / 2, 1 + (r + r^2 P(r)), times 2^k. log: y = 2^k m, m in
 * [2^-1/2, 2^1/2), 2 artanh((m - 1) / (m + 1)) + k ln 2. Even and odd elements are summed apart.
 *
 * The truth for ../assembly/softmax.ts: the same operations in the same order, so the two agree
 * bit for bit; for the same reason Math.exp and Math.log are not used.
 */

import type { Pointer } from '../kernels.ts';
import { type Numbers, numbersAt, type Tiles } from './tiles.ts';

const SMOOTHING = 1e-8;
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const LOWEST_EXPONENT = -700;
/** P, the odd and the even powers, highest first: fitted at Chebyshev nodes. */
const EXP_ODD = [
  2.5100424157005067e-8, 2.7557268378684192e-6, 1.9841269863105968e-4, 8.333333333330051e-3,
  0.16666666666666669,
];
const EXP_EVEN = [
  2.7620138719733994e-7, 2.480152119021773e-5, 1.3888888917281794e-3, 4.166666666662399e-2,
  0.5000000000000001,
];
/** Of artanh(s) / s in s^2, from the highest power down; the long one has no leading 1. */
const ARTANH_SERIES = [23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3].map((odd) => 1 / odd);
const SHORT_ARTANH_SERIES = [7, 5, 3, 1].map((odd) => 1 / odd);
const SMALL_SQUARE = 1 / 16384;
/** Upper half of the bits of 2^-1/2. */
const ROOT_HALF_HIGH = 0x3fe6a09e;

/** Horner's rule, the highest power first. */
function polynomial(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient);
}

/** For |x| < 2^51: beyond 2^52 a float64 has no fraction, so the sum rounds, ties to even. */
function nearest(x: number): number {
  return x + 1.5 * 2 ** 52 - 1.5 * 2 ** 52;
}

export function exp(x: number): number {
  const bounded = Math.max(x, LOWEST_EXPONENT);
  const k = nearest(bounded * Math.LOG2E);
  const r = bounded - k * LN2_HIGH - k * LN2_LOW;
  const t = r * r;
  const curve = (polynomial(EXP_ODD, t) * r + polynomial(EXP_EVEN, t)) * t;
  return (curve + r + 1) * 2 ** k;
}

export function log(y: number, bits: DataView): number {
  if (Number.isNaN(y)) return Number.NaN;
  bits.setFloat64(0, y);
  const high = bits.getInt32(0);
  const k = (high - ROOT_HALF_HIGH) >> 20;
  bits.setInt32(0, high - (k << 20));
  const m = bits.getFloat64(0);
  const s = (m - 1) / (m + 1);
  const t = s * s;
  const mantissa = s + s + (s + s) * (t * polynomial(ARTANH_SERIES, t));
  return k * LN2_HIGH + (mantissa + k * LN2_LOW);
}

/** log(a / b) of neighbours, which take the short series for small ratios only together. */
function logRatios(a: readonly number[], b: readonly number[], bits: DataView): number[] {
  const s = a.map((value, lane) => (value - b[lane]!) / (value + b[lane]!));
  if (s.some((ratio) => ratio * ratio >= SMALL_SQUARE)) {
    return a.map((value, lane) => log(value / b[lane]!, bits));
  }
  return s.map((ratio) => (ratio + ratio) * polynomial(SHORT_ARTANH_SERIES, ratio * ratio));
}

/** softmax(x) + e, in float64. */
function smoothedSoftmax(x: Numbers): number[] {
  let top = Number.NEGATIVE_INFINITY;
  for (const value of x) top = Math.max(top, value);
  const exps = Array.from(x, (value) => exp(value - top));
  const sums: [number, number] = [0, 0];
  for (const [j, value] of exps.entries()) sums[(j & 1) as 0 | 1] += value;
  const factor = 1 / (sums[0] + sums[1]);
  return exps.map((value) => value * factor + SMOOTHING);
}

export function rowDivergence(
  tiles: Tiles,
  x: Pointer,
  base: Pointer,
  _scratch: Pointer,
  count: number,
): number {
  const a = smoothedSoftmax(numbersAt(tiles, x, count));
  const b = smoothedSoftmax(numbersAt(tiles, base, count));
  const sums: [number, number] = [0, 0];
  for (let j = 0; j < count; j += 2) {
    const logs = logRatios(a.slice(j, j + 2), b.slice(j, j + 2), tiles.bits);
    for (const [lane, value] of logs.entries()) sums[lane as 0 | 1] += a[j + lane]! * value;
  }
  return sums[0] + sums[1];
}

export function importance(
  tiles: Tiles,
  x: Pointer,
  divergence: number,
  out: Pointer,
  count: number,
): void {
  const from = numbersAt(tiles, x, count);
  const to = numbersAt(tiles, out, count);
  for (let j = 0; j < count; j++) to[j] = tiles.round(Math.abs(from[j]!) * divergence);
}
