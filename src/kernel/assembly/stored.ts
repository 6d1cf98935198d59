// Arithmetic on BF16 values as they are stored, without tiles between: for what would otherwise spend
// more time on decoding and encoding than on itself. Twin: ../scalar/stored.ts.

import { packBf16, widenBf16High, widenBf16Low } from './convert';
import { vectorAt, weightAt } from './elementwise';

/** out = sum_i weights[i] * x_i / divisor, from left to right, k >= 1; all of it BF16 but weights */
export function weightedSumBf16(
  list: usize, weights: usize, k: i32, divisor: f32, out: usize, count: i32,
): void {
  if (divisor == 1) sumBf16(false, list, weights, k, divisor, out, count);
  else sumBf16(true, list, weights, k, divisor, out, count);
}

/** The usual numbers of vectors have loops of their own, with pointers and weights in registers. */
@inline
function sumBf16(
  divides: bool, list: usize, weights: usize, k: i32, divisor: f32, out: usize, count: i32,
): void {
  const whole = count & ~7;
  if (k == 2) sumFew(false, divides, list, weights, divisor, out, whole);
  else if (k == 3) sumFew(true, divides, list, weights, divisor, out, whole);
  else sumMany(divides, list, weights, k, divisor, out, whole);
  for (let i = whole; i < count; i++) {
    const at = <usize>i << 1;
    let sum = valueAt(vectorAt(list, 0) + at) * load<f32>(weights);
    for (let m = 1; m < k; m++) {
      sum += valueAt(vectorAt(list, m) + at) * load<f32>(weights + (m << 2));
    }
    const one = f32x4.splat(sum / divisor);
    store<u16>(out + at, <u16>i16x8.extract_lane_u(packBf16(one, one), 0));
  }
}

@inline
function sumFew(
  three: bool, divides: bool, list: usize, weights: usize, divisor: f32, out: usize, count: i32,
): void {
  const x = vectorAt(list, 0), y = vectorAt(list, 1), z = three ? vectorAt(list, 2) : 0;
  const u = weightAt(weights, 0), v = weightAt(weights, 1), w = three ? weightAt(weights, 2) : u;
  const by = f32x4.splat(divisor);
  for (let i = 0; i < count; i += 8) {
    const at = <usize>i << 1;
    const a = v128.load(x + at), b = v128.load(y + at);
    let low = f32x4.add(f32x4.mul(widenBf16Low(a), u), f32x4.mul(widenBf16Low(b), v));
    let high = f32x4.add(f32x4.mul(widenBf16High(a), u), f32x4.mul(widenBf16High(b), v));
    if (three) {
      const c = v128.load(z + at);
      low = f32x4.add(low, f32x4.mul(widenBf16Low(c), w));
      high = f32x4.add(high, f32x4.mul(widenBf16High(c), w));
    }
    if (divides) {
      low = f32x4.div(low, by);
      high = f32x4.div(high, by);
    }
    v128.store(out + at, packBf16(low, high));
  }
}

@inline
function sumMany(
  divides: bool, list: usize, weights: usize, k: i32, divisor: f32, out: usize, count: i32,
): void {
  const by = f32x4.splat(divisor);
  for (let i = 0; i < count; i += 8) {
    const at = <usize>i << 1;
    const first = v128.load(vectorAt(list, 0) + at), w = weightAt(weights, 0);
    let low = f32x4.mul(widenBf16Low(first), w);
    let high = f32x4.mul(widenBf16High(first), w);
    for (let m = 1; m < k; m++) {
      const x = v128.load(vectorAt(list, m) + at), u = weightAt(weights, m);
      low = f32x4.add(low, f32x4.mul(widenBf16Low(x), u));
      high = f32x4.add(high, f32x4.mul(widenBf16High(x), u));
    }
    if (divides) {
      low = f32x4.div(low, by);
      high = f32x4.div(high, by);
    }
    v128.store(out + at, packBf16(low, high));
  }
}

/** out = base + factor * x, where x is a tile; padded to a multiple of eight */
export function addBaseBf16(x: usize, factor: f32, base: usize, out: usize, count: i32): void {
  const by = f32x4.splat(factor);
  for (let i = 0; i < count; i += 8) {
    const at = <usize>i << 1, from = x + (<usize>i << 2);
    const own = v128.load(base + at);
    const low = f32x4.add(f32x4.mul(v128.load(from), by), widenBf16Low(own));
    const high = f32x4.add(f32x4.mul(v128.load(from, 16), by), widenBf16High(own));
    v128.store(out + at, packBf16(low, high));
  }
}

@inline
export function valueAt(x: usize): f32 {
  return reinterpret<f32>((<u32>load<u16>(x)) << 16);
}
