// KL(softmax(x) + e || softmax(base) + e) of one row, e = 1e-8, in float64.
// exp: x = k ln 2 + r, |r| <= ln 2 / 2, Taylor to r^12. log: y = 2^k m, m in [2^-1/2, 2^1/2),
// 2 artanh((m - 1) / (m + 1)) to the 23rd power. Both are within 2 units in the last place, and
// the same operations in the same order are in ../scalar/softmax.ts.

const SMOOTHING: f64 = 1e-8;
const LOG2E: f64 = 1.4426950408889634;
const LN2_HIGH: f64 = 0.693147180369123816490;
const LN2_LOW: f64 = 1.90821492927058770002e-10;
/** exp below this is 0 to every purpose here, and 2^k would leave the normal range. */
const LOWEST_EXPONENT: f64 = -700;

@inline
function step(sum: v128, r: v128, coefficient: f64): v128 {
  return f64x2.add(f64x2.mul(sum, r), f64x2.splat(coefficient));
}

@inline
function exp(x: v128): v128 {
  const bounded = f64x2.max(x, f64x2.splat(LOWEST_EXPONENT));
  const k = f64x2.nearest(f64x2.mul(bounded, f64x2.splat(LOG2E)));
  const r = f64x2.sub(
    f64x2.sub(bounded, f64x2.mul(k, f64x2.splat(LN2_HIGH))),
    f64x2.mul(k, f64x2.splat(LN2_LOW)),
  );
  let sum = f64x2.splat(1.0 / 479001600.0);
  sum = step(sum, r, 1.0 / 39916800.0);
  sum = step(sum, r, 1.0 / 3628800.0);
  sum = step(sum, r, 1.0 / 362880.0);
  sum = step(sum, r, 1.0 / 40320.0);
  sum = step(sum, r, 1.0 / 5040.0);
  sum = step(sum, r, 1.0 / 720.0);
  sum = step(sum, r, 1.0 / 120.0);
  sum = step(sum, r, 1.0 / 24.0);
  sum = step(sum, r, 1.0 / 6.0);
  sum = step(sum, r, 0.5);
  sum = step(sum, r, 1.0);
  sum = step(sum, r, 1.0);
  const power = i64x2.extend_low_i32x4_s(i32x4.trunc_sat_f64x2_s_zero(k));
  return f64x2.mul(sum, i64x2.shl(i64x2.add(power, i64x2.splat(1023)), 52));
}

const ROOT_HALF_BITS: i64 = 0x3fe6a09e667f3bcd;
/** Up to this |s| four terms of the series of artanh reach the last place. */
const SMALL: f64 = 1.0 / 128.0;

/** log(a / b) = 2 artanh(s), s = (a - b) / (a + b). */
@inline
function logRatio(a: v128, b: v128): v128 {
  const s = f64x2.div(f64x2.sub(a, b), f64x2.add(a, b));
  if (i64x2.all_true(f64x2.lt(f64x2.abs(s), f64x2.splat(SMALL)))) {
    const t = f64x2.mul(s, s);
    let sum = f64x2.splat(1.0 / 7.0);
    sum = step(sum, t, 1.0 / 5.0);
    sum = step(sum, t, 1.0 / 3.0);
    sum = step(sum, t, 1.0);
    return f64x2.mul(f64x2.add(s, s), sum);
  }
  return log(f64x2.div(a, b));
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
  sum = step(sum, t, 1.0);
  const exponent = f64x2.convert_low_i32x4_s(i8x16.shuffle(k, k, 0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11));
  const high = f64x2.mul(exponent, f64x2.splat(LN2_HIGH));
  const low = f64x2.mul(exponent, f64x2.splat(LN2_LOW));
  const mantissa = f64x2.mul(f64x2.add(s, s), sum);
  return f64x2.add(high, f64x2.add(mantissa, low));
}

@inline
function loadPair(x: usize, index: i32, count: i32): v128 {
  if (index + 2 <= count) return f64x2.promote_low_f32x4(v128.load64_zero(x + (index << 2)));
  return f64x2.splat(<f64>load<f32>(x + (index << 2)));
}

function largest(x: usize, count: i32): f64 {
  let top = load<f32>(x);
  for (let i = 1; i < count; i++) top = max(top, load<f32>(x + (i << 2)));
  return <f64>top;
}

/** exps_j = exp(x_j - max x), float64; returns their sum (even and odd elements apart). */
function exponentials(x: usize, exps: usize, count: i32): f64 {
  const top = f64x2.splat(largest(x, count));
  let sum = f64x2.splat(0);
  for (let i = 0; i < count; i += 2) {
    const e = exp(f64x2.sub(loadPair(x, i, count), top));
    v128.store(exps + (i << 3), e);
    if (i + 2 <= count) sum = f64x2.add(sum, e);
    else sum = f64x2.add(sum, f64x2.replace_lane(e, 1, 0));
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** The divergence of a row; scratch holds 16 bytes per element (count rounded up to even). */
export function rowDivergence(x: usize, base: usize, scratch: usize, count: i32): f64 {
  const other = scratch + (<usize>((count + 1) & ~1) << 3);
  const p = f64x2.splat(1.0 / exponentials(x, scratch, count));
  const q = f64x2.splat(1.0 / exponentials(base, other, count));
  const smoothing = f64x2.splat(SMOOTHING);
  let sum = f64x2.splat(0);
  for (let i = 0; i < count; i += 2) {
    const at = <usize>i << 3;
    const a = f64x2.add(f64x2.mul(v128.load(scratch + at), p), smoothing);
    const b = f64x2.add(f64x2.mul(v128.load(other + at), q), smoothing);
    const term = f64x2.mul(a, logRatio(a, b));
    if (i + 2 <= count) sum = f64x2.add(sum, term);
    else sum = f64x2.add(sum, f64x2.replace_lane(term, 1, 0));
  }
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** out_j = |x_j| * divergence, in float64, rounded to float32 */
export function importance(x: usize, divergence: f64, out: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const magnitude = <f64>abs(load<f32>(x + (i << 2)));
    store<f32>(out + (i << 2), <f32>(magnitude * divergence));
  }
}
