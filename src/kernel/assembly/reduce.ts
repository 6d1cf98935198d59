// Sums over a tile in float64. Four running sums, one per lane, are added as (0 + 1) + (2 + 3);
// the twins in ../scalar/reduce.ts keep the same order, so both agree bit for bit.

import { vectorAt } from './elementwise';

@inline
function wideLow(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}

@inline
function wideHigh(x: v128): v128 {
  return f64x2.promote_low_f32x4(i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
}

@inline
function total(low: v128, high: v128): f64 {
  const pairs = f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1);
  return pairs + (f64x2.extract_lane(high, 0) + f64x2.extract_lane(high, 1));
}

@inline
function lastLanes(x: usize, count: i32): v128 {
  const left = count & 3;
  let value = f32x4.splat(0);
  if (left > 0) value = f32x4.replace_lane(value, 0, load<f32>(x));
  if (left > 1) value = f32x4.replace_lane(value, 1, load<f32>(x, 4));
  if (left > 2) value = f32x4.replace_lane(value, 2, load<f32>(x, 8));
  return value;
}

/** sum_j x_j y_j */
export function dot(x: usize, y: usize, count: i32): f64 {
  let low = f64x2.splat(0), high = f64x2.splat(0);
  const whole = count & ~3;
  for (let i = 0; i < whole; i += 4) {
    const at = <usize>i << 2;
    const a = v128.load(x + at), b = v128.load(y + at);
    low = f64x2.add(low, f64x2.mul(wideLow(a), wideLow(b)));
    high = f64x2.add(high, f64x2.mul(wideHigh(a), wideHigh(b)));
  }
  if (count & 3) {
    const at = <usize>whole << 2;
    const a = lastLanes(x + at, count), b = lastLanes(y + at, count);
    low = f64x2.add(low, f64x2.mul(wideLow(a), wideLow(b)));
    high = f64x2.add(high, f64x2.mul(wideHigh(a), wideHigh(b)));
  }
  return total(low, high);
}

/** sum_j |x_j| */
export function sumMagnitudes(x: usize, count: i32): f64 {
  let low = f64x2.splat(0), high = f64x2.splat(0);
  const whole = count & ~3;
  for (let i = 0; i < whole; i += 4) {
    const a = f32x4.abs(v128.load(x + (i << 2)));
    low = f64x2.add(low, wideLow(a));
    high = f64x2.add(high, wideHigh(a));
  }
  if (count & 3) {
    const a = f32x4.abs(lastLanes(x + (whole << 2), count));
    low = f64x2.add(low, wideLow(a));
    high = f64x2.add(high, wideHigh(a));
  }
  return total(low, high);
}

/** Adds <x_a, x_b> for all a <= b of the list to gram, row by row of the upper triangle. */
export function addGram(list: usize, k: i32, gram: usize, count: i32): void {
  if (k == 2) return addGramOfTwo(list, gram, count);
  if (k == 3) return addGramOfThree(list, gram, count);
  let slot = gram;
  for (let a = 0; a < k; a++) {
    for (let b = a; b < k; b++) {
      store<f64>(slot, load<f64>(slot) + dot(vectorAt(list, a), vectorAt(list, b), count));
      slot += 8;
    }
  }
}

@inline
function accumulate(slot: usize, low: v128, high: v128): void {
  store<f64>(slot, load<f64>(slot) + total(low, high));
}

function addGramOfTwo(list: usize, gram: usize, count: i32): void {
  const p = vectorAt(list, 0), q = vectorAt(list, 1);
  let aaL = f64x2.splat(0), abL = aaL, bbL = aaL, aaH = aaL, abH = aaL, bbH = aaL;
  for (let i = 0; i < count; i += 4) {
    const at = <usize>i << 2;
    const rest = count - i < 4;
    const a = rest ? lastLanes(p + at, count) : v128.load(p + at);
    const b = rest ? lastLanes(q + at, count) : v128.load(q + at);
    const aL = wideLow(a), aH = wideHigh(a), bL = wideLow(b), bH = wideHigh(b);
    aaL = f64x2.add(aaL, f64x2.mul(aL, aL));
    aaH = f64x2.add(aaH, f64x2.mul(aH, aH));
    abL = f64x2.add(abL, f64x2.mul(aL, bL));
    abH = f64x2.add(abH, f64x2.mul(aH, bH));
    bbL = f64x2.add(bbL, f64x2.mul(bL, bL));
    bbH = f64x2.add(bbH, f64x2.mul(bH, bH));
  }
  accumulate(gram, aaL, aaH);
  accumulate(gram + 8, abL, abH);
  accumulate(gram + 16, bbL, bbH);
}

function addGramOfThree(list: usize, gram: usize, count: i32): void {
  const p = vectorAt(list, 0), q = vectorAt(list, 1), r = vectorAt(list, 2);
  let aaL = f64x2.splat(0), abL = aaL, acL = aaL, bbL = aaL, bcL = aaL, ccL = aaL;
  let aaH = aaL, abH = aaL, acH = aaL, bbH = aaL, bcH = aaL, ccH = aaL;
  for (let i = 0; i < count; i += 4) {
    const at = <usize>i << 2;
    const rest = count - i < 4;
    const a = rest ? lastLanes(p + at, count) : v128.load(p + at);
    const b = rest ? lastLanes(q + at, count) : v128.load(q + at);
    const c = rest ? lastLanes(r + at, count) : v128.load(r + at);
    const aL = wideLow(a), bL = wideLow(b), cL = wideLow(c);
    aaL = f64x2.add(aaL, f64x2.mul(aL, aL));
    abL = f64x2.add(abL, f64x2.mul(aL, bL));
    acL = f64x2.add(acL, f64x2.mul(aL, cL));
    bbL = f64x2.add(bbL, f64x2.mul(bL, bL));
    bcL = f64x2.add(bcL, f64x2.mul(bL, cL));
    ccL = f64x2.add(ccL, f64x2.mul(cL, cL));
    const aH = wideHigh(a), bH = wideHigh(b), cH = wideHigh(c);
    aaH = f64x2.add(aaH, f64x2.mul(aH, aH));
    abH = f64x2.add(abH, f64x2.mul(aH, bH));
    acH = f64x2.add(acH, f64x2.mul(aH, cH));
    bbH = f64x2.add(bbH, f64x2.mul(bH, bH));
    bcH = f64x2.add(bcH, f64x2.mul(bH, cH));
    ccH = f64x2.add(ccH, f64x2.mul(cH, cH));
  }
  accumulate(gram, aaL, aaH);
  accumulate(gram + 8, abL, abH);
  accumulate(gram + 16, acL, acH);
  accumulate(gram + 24, bbL, bbH);
  accumulate(gram + 32, bcL, bcH);
  accumulate(gram + 40, ccL, ccH);
}

/** sums_j += x_j y_j, float64 sums: one Gram entry per column */
export function addProducts(x: usize, y: usize, sums: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const slot = sums + (i << 3);
    const product = <f64>load<f32>(x + (i << 2)) * <f64>load<f32>(y + (i << 2));
    store<f64>(slot, load<f64>(slot) + product);
  }
}
