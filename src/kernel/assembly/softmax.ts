// KL(softmax(x) + e || softmax(base) + e) of one row, e = 1e-8, in float64.
// exp: x = k ln 2 + r, |r| <= ln 2 / 2, 1 + (r + r^2 P(r)), P of degree 9 fitted to
// (exp(r) - 1 - r) / r^2 at Chebyshev nodes (error 1.6e-17). log: y = 2^k m, m in
// [2^-1/2, 2^1/2), 2 artanh((m - 1) / (m + 1)) to the 23rd power. Both are within 2 units in the
// last place, and the same operations in the same order are in ../scalar/softmax.ts.
//
// Weights are small and change little, so k = 0 and ratios near 1 are the common case. Eight
// elements at a time that are all such skip what would not change them, and share the constants.

const SMOOTHING: f64 = 1e-8;
const LOG2E: f64 = 1.4426950408889634;
const LN2_HIGH: f64 = 0.693147180369123816490;
const LN2_LOW: f64 = 1.90821492927058770002e-10;
/** exp below this is 0 to every purpose here, and 2^k would leave the normal range. */
const LOWEST_EXPONENT: f64 = -700;
/** Down to here (from 0) k is 0, whose steps change nothing; ln 2 / 2 is a little more. */
const LOWEST_UNSCALED: f64 = -0.34;

@inline
function step(sum: v128, r: v128, coefficient: f64): v128 {
  return f64x2.add(f64x2.mul(sum, r), f64x2.splat(coefficient));
}

/** exp(r) for |r| <= ln 2 / 2; even and odd powers apart, which halves the chain of operations. */
@inline
function expNearZero(r: v128): v128 {
  const t = f64x2.mul(r, r);
  let odd = f64x2.splat(2.5100424157005067e-8);
  let even = f64x2.splat(2.7620138719733994e-7);
  odd = step(odd, t, 2.7557268378684192e-6);
  even = step(even, t, 2.480152119021773e-5);
  odd = step(odd, t, 1.9841269863105968e-4);
  even = step(even, t, 1.3888888917281794e-3);
  odd = step(odd, t, 8.333333333330051e-3);
  even = step(even, t, 4.166666666662399e-2);
  odd = step(odd, t, 0.16666666666666669);
  even = step(even, t, 0.5000000000000001);
  const curve = f64x2.mul(f64x2.add(f64x2.mul(odd, r), even), t);
  return f64x2.add(f64x2.add(curve, r), f64x2.splat(1));
}

function exp(x: v128): v128 {
  const bounded = f64x2.max(x, f64x2.splat(LOWEST_EXPONENT));
  const k = f64x2.nearest(f64x2.mul(bounded, f64x2.splat(LOG2E)));
  const r = f64x2.sub(
    f64x2.sub(bounded, f64x2.mul(k, f64x2.splat(LN2_HIGH))),
    f64x2.mul(k, f64x2.splat(LN2_LOW)),
  );
  const power = i64x2.extend_low_i32x4_s(i32x4.trunc_sat_f64x2_s_zero(k));
  return f64x2.mul(expNearZero(r), i64x2.shl(i64x2.add(power, i64x2.splat(1023)), 52));
}

/** Bits of 2^-1/2, the lower half cleared, so that the twin needs the upper half alone. */
const ROOT_HALF_BITS: i64 = 0x3fe6a09e00000000;
/** Where s^2 is below this, four terms of the series of artanh reach the last place. */
const SMALL_SQUARE: f64 = 1.0 / 16384.0;

/** 2 artanh(s), t = s^2 < SMALL_SQUARE */
@inline
function twiceArtanh(s: v128, t: v128): v128 {
  let sum = f64x2.splat(1.0 / 7.0);
  sum = step(sum, t, 1.0 / 5.0);
  sum = step(sum, t, 1.0 / 3.0);
  sum = step(sum, t, 1.0);
  return f64x2.mul(f64x2.add(s, s), sum);
}

@inline
function ratioOf(a: v128, b: v128): v128 {
  return f64x2.div(f64x2.sub(a, b), f64x2.add(a, b));
}

/** Whether a lane is too large for the short series; NaN is not, and passes through it. */
@inline
function isLarge(t: v128): bool {
  return v128.any_true(f64x2.ge(t, f64x2.splat(SMALL_SQUARE)));
}

/** log(a / b) = 2 artanh(s), s = (a - b) / (a + b). */
function logRatio(a: v128, b: v128): v128 {
  const s = ratioOf(a, b);
  const t = f64x2.mul(s, s);
  if (isLarge(t)) return log(f64x2.div(a, b));
  return twiceArtanh(s, t);
}

function log(y: v128): v128 {
  const k = i64x2.shr_s(i64x2.sub(y, i64x2.splat(ROOT_HALF_BITS)), 52);
  const m = i64x2.sub(y, i64x2.shl(k, 52));
  const s = f64x2.div(f64x2.sub(m, f64x2.splat(1)), f64x2.add(m, f64x2.splat(1)));
  const t = f64x2.mul(s, s);
  let sum = f64x2.splat(1.0 / 23.0);
  sum = step(sum, t, 1.0 / 21.0);
  sum = step(sum, t, 1.0 / 19.0);
  sum = step(sum, t, 1.0 / 17.0);
  sum = step(sum, t, 1.0 / 15.0);
  sum = step(sum, t, 1.0 / 13.0);
  sum = step(sum, t, 1.0 / 11.0);
  sum = step(sum, t, 1.0 / 9.0);
  sum = step(sum, t, 1.0 / 7.0);
  sum = step(sum, t, 1.0 / 5.0);
  sum = step(sum, t, 1.0 / 3.0);
  const exponent = f64x2.convert_low_i32x4_s(i8x16.shuffle(k, k, 0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11));
  const high = f64x2.mul(exponent, f64x2.splat(LN2_HIGH));
  const low = f64x2.mul(exponent, f64x2.splat(LN2_LOW));
  const twice = f64x2.add(s, s);
  const mantissa = f64x2.add(twice, f64x2.mul(twice, f64x2.mul(t, sum)));
  // y - y is zero but for NaN, of which nothing above is left.
  return f64x2.add(f64x2.add(high, f64x2.add(mantissa, low)), f64x2.sub(y, y));
}

@inline
function loadPair(x: usize, index: i32, count: i32): v128 {
  if (index + 2 <= count) return f64x2.promote_low_f32x4(v128.load64_zero(x + (index << 2)));
  return f64x2.splat(<f64>load<f32>(x + (index << 2)));
}

/** A pair's values, of which a last odd element has one. */
@inline
function counted(value: v128, index: i32, count: i32): v128 {
  return index + 2 <= count ? value : f64x2.replace_lane(value, 1, 0);
}

/** Largest element, NaN if there is one. */
function largest(x: usize, count: i32): f64 {
  let top = v128.load32_splat(x);
  let wrong = f32x4.ne(top, top);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const value = v128.load(x + (i << 2));
    top = f32x4.pmax(top, value);
    wrong = v128.or(wrong, f32x4.ne(value, value));
  }
  for (; i < count; i++) {
    const value = v128.load32_splat(x + (i << 2));
    top = f32x4.pmax(top, value);
    wrong = v128.or(wrong, f32x4.ne(value, value));
  }
  if (v128.any_true(wrong)) return NaN;
  return <f64>max(
    max(f32x4.extract_lane(top, 0), f32x4.extract_lane(top, 1)),
    max(f32x4.extract_lane(top, 2), f32x4.extract_lane(top, 3)),
  );
}

@inline
function distancePair(x: usize, top: v128): v128 {
  return f64x2.sub(f64x2.promote_low_f32x4(v128.load64_zero(x)), top);
}

/** exps_j = exp(x_j - max x), float64; returns their sum (even and odd elements apart). */
function exponentials(x: usize, exps: usize, count: i32): f64 {
  const top = f64x2.splat(largest(x, count));
  const lowest = f64x2.splat(LOWEST_UNSCALED);
  let sum = f64x2.splat(0);
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    const at = x + (i << 2), out = exps + (i << 3);
    let a = distancePair(at, top), b = distancePair(at + 8, top);
    let c = distancePair(at + 16, top), d = distancePair(at + 24, top);
    const low = f64x2.pmin(f64x2.pmin(a, b), f64x2.pmin(c, d));
    if (v128.any_true(f64x2.lt(low, lowest))) {
      a = exp(a), b = exp(b), c = exp(c), d = exp(d);
    } else {
      a = expNearZero(a), b = expNearZero(b), c = expNearZero(c), d = expNearZero(d);
    }
    v128.store(out, a);
    v128.store(out, b, 16);
    v128.store(out, c, 32);
    v128.store(out, d, 48);
    sum = f64x2.add(f64x2.add(f64x2.add(f64x2.add(sum, a), b), c), d);
  }
  for (; i < count; i += 2) {
    const e = exp(f64x2.sub(loadPair(x, i, count), top));
    v128.store(exps + (i << 3), e);
    sum = f64x2.add(sum, counted(e, i, count));
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

@inline
function smoothed(exps: usize, factor: v128): v128 {
  return f64x2.add(f64x2.mul(v128.load(exps), factor), f64x2.splat(SMOOTHING));
}

/** The divergence of a row; scratch holds 16 bytes per element (count rounded up to even). */
export function rowDivergence(x: usize, base: usize, scratch: usize, count: i32): f64 {
  const other = scratch + (<usize>((count + 1) & ~1) << 3);
  const p = f64x2.splat(1.0 / exponentials(x, scratch, count));
  const q = f64x2.splat(1.0 / exponentials(base, other, count));
  let sum = f64x2.splat(0);
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    const at = scratch + (i << 3), by = other + (i << 3);
    const a0 = smoothed(at, p), a1 = smoothed(at + 16, p);
    const a2 = smoothed(at + 32, p), a3 = smoothed(at + 48, p);
    const b0 = smoothed(by, q), b1 = smoothed(by + 16, q);
    const b2 = smoothed(by + 32, q), b3 = smoothed(by + 48, q);
    const s0 = ratioOf(a0, b0), s1 = ratioOf(a1, b1);
    const s2 = ratioOf(a2, b2), s3 = ratioOf(a3, b3);
    const t0 = f64x2.mul(s0, s0), t1 = f64x2.mul(s1, s1);
    const t2 = f64x2.mul(s2, s2), t3 = f64x2.mul(s3, s3);
    if (isLarge(f64x2.pmax(f64x2.pmax(t0, t1), f64x2.pmax(t2, t3)))) {
      sum = f64x2.add(sum, f64x2.mul(a0, logRatio(a0, b0)));
      sum = f64x2.add(sum, f64x2.mul(a1, logRatio(a1, b1)));
      sum = f64x2.add(sum, f64x2.mul(a2, logRatio(a2, b2)));
      sum = f64x2.add(sum, f64x2.mul(a3, logRatio(a3, b3)));
    } else {
      sum = f64x2.add(sum, f64x2.mul(a0, twiceArtanh(s0, t0)));
      sum = f64x2.add(sum, f64x2.mul(a1, twiceArtanh(s1, t1)));
      sum = f64x2.add(sum, f64x2.mul(a2, twiceArtanh(s2, t2)));
      sum = f64x2.add(sum, f64x2.mul(a3, twiceArtanh(s3, t3)));
    }
  }
  for (; i < count; i += 2) {
    const a = smoothed(scratch + (i << 3), p), b = smoothed(other + (i << 3), q);
    sum = f64x2.add(sum, counted(f64x2.mul(a, logRatio(a, b)), i, count));
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** out_j = |x_j| * divergence, in float64, rounded to float32 */
export function importance(x: usize, divergence: f64, out: usize, count: i32): void {
  const by = f64x2.splat(divergence);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const at = <usize>i << 2;
    const magnitude = f32x4.abs(v128.load(x + at));
    const last = i8x16.shuffle(
      magnitude, magnitude, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7,
    );
    const low = f32x4.demote_f64x2_zero(f64x2.mul(f64x2.promote_low_f32x4(magnitude), by));
    const high = f32x4.demote_f64x2_zero(f64x2.mul(f64x2.promote_low_f32x4(last), by));
    v128.store(
      out + at,
      i8x16.shuffle(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23),
    );
  }
  for (; i < count; i++) {
    const magnitude = <f64>abs(load<f32>(x + (i << 2)));
    store<f32>(out + (i << 2), <f32>(magnitude * divergence));
  }
}
