// Arithmetic on BF16 values as they are stored, without tiles between: for what would otherwise spend
// more time on decoding and encoding than on itself. Twin: ../scalar/stored.ts.
//
// Eight values are sixteen bytes: the odd ones lie in the upper halves of four float32, the even ones
// are shifted there, so nothing is shuffled or narrowed.

import { roundBf16Bits } from './convert';
import { vectorAt, weightAt } from './elementwise';

const UPPER: i32 = 0xffff0000;

/** The rounded bits of both, each pair in one 32-bit lane. */
@inline
function pack(even: v128, odd: v128): v128 {
  const upper = v128.and(roundBf16Bits(odd), i32x4.splat(UPPER));
  return v128.or(i32x4.shr_u(roundBf16Bits(even), 16), upper);
}

/** out = sum_i weights[i] * x_i / divisor, from left to right, k >= 1; all of it BF16 but weights */
export function weightedSumBf16(
  list: usize, weights: usize, k: i32, divisor: f32, out: usize, count: i32,
): void {
  const upper = i32x4.splat(UPPER), by = f32x4.splat(divisor);
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    const at = <usize>i << 1;
    const first = v128.load(vectorAt(list, 0) + at), w = weightAt(weights, 0);
    let even = f32x4.mul(i32x4.shl(first, 16), w);
    let odd = f32x4.mul(v128.and(first, upper), w);
    for (let m = 1; m < k; m++) {
      const x = v128.load(vectorAt(list, m) + at), u = weightAt(weights, m);
      even = f32x4.add(even, f32x4.mul(i32x4.shl(x, 16), u));
      odd = f32x4.add(odd, f32x4.mul(v128.and(x, upper), u));
    }
    if (divisor != 1) {
      even = f32x4.div(even, by);
      odd = f32x4.div(odd, by);
    }
    v128.store(out + at, pack(even, odd));
  }
  for (; i < count; i++) {
    const at = <usize>i << 1;
    let sum = valueAt(vectorAt(list, 0) + at) * load<f32>(weights);
    for (let m = 1; m < k; m++) {
      sum += valueAt(vectorAt(list, m) + at) * load<f32>(weights + (m << 2));
    }
    const bits = roundBf16Bits(f32x4.splat(sum / divisor));
    store<u16>(out + at, <u16>(i32x4.extract_lane(bits, 0) >>> 16));
  }
}

@inline
function valueAt(x: usize): f32 {
  return reinterpret<f32>((<u32>load<u16>(x)) << 16);
}
