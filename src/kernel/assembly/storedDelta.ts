// Task vectors d = x - base of stored BF16 values: counted by their magnitudes, or brought to a tile
// thinned out. `target` is padded to a multiple of eight. Twin: ../scalar/storedDelta.ts.

import { drawRun, firstKept, isKept, lastKept, RUN } from './bernoulli';
import { widenBf16High, widenBf16Low } from './convert';
import { increment, INFINITY_KEY, keyOfBits, keys, NAN_KEY } from './select';
import { valueAt } from './stored';

@inline
function low(x: v128, base: v128): v128 {
  return f32x4.sub(widenBf16Low(x), widenBf16Low(base));
}

@inline
function high(x: v128, base: v128): v128 {
  return f32x4.sub(widenBf16High(x), widenBf16High(base));
}

@inline
function deltaAt(x: usize, base: usize, index: i32): f32 {
  const at = <usize>index << 1;
  return valueAt(x + at) - valueAt(base + at);
}

@inline
function keyAt(x: usize, base: usize, index: i32): i32 {
  return keyOfBits(reinterpret<u32>(deltaAt(x, base, index)));
}

/** target = d */
export function deltaBf16(x: usize, base: usize, target: usize, count: i32): void {
  for (let i = 0; i < count; i += 8) {
    const at = <usize>i << 1, to = target + (<usize>i << 2);
    const own = v128.load(x + at), other = v128.load(base + at);
    v128.store(to, low(own, other));
    v128.store(to, high(own, other), 16);
  }
}

/**
 * As histogramKeys, of d. Of 64 elements one or two are in a range as selects predict it, which no
 * processor can foresee, so the first two are counted without a branch. Ranges that reach infinity
 * are rare and counted one by one.
 */
export function histogramDeltaKeys(
  x: usize, base: usize, first: i32, size: i32, bins: usize, count: i32,
): i32 {
  const whole = first + size > INFINITY_KEY ? 0 : count & ~63;
  const from = i32x4.splat(first), end = i32x4.splat(first + size);
  let below = 0;
  for (let i = 0; i < whole; i += 64) {
    let bits: u64 = 0;
    for (let part = 0; part < 64; part += 16) {
      const at = <usize>(i + part) << 1;
      const p = v128.load(x + at), q = v128.load(base + at);
      const r = v128.load(x + at, 16), s = v128.load(base + at, 16);
      const a = magnitudes(low(p, q)), b = magnitudes(high(p, q));
      const c = magnitudes(low(r, s)), d = magnitudes(high(r, s));
      const under = bitsBelow(a, b, c, d, from);
      below += popcnt(under);
      bits |= <u64>(under ^ bitsBelow(a, b, c, d, end)) << part;
    }
    bits = countLowest(x, base, i, bits, first, bins);
    bits = countLowest(x, base, i, bits, first, bins);
    while (bits) bits = countLowest(x, base, i, bits, first, bins);
  }
  for (let i = whole; i < count; i++) {
    const offset = keyAt(x, base, i) - first;
    below += <i32>(offset < 0);
    if (<u32>offset < <u32>size) increment(bins + (<usize>offset << 2));
  }
  return below;
}

/** Counts the element of the lowest bit, if one is set, without a branch; returns the others. */
@inline
function countLowest(x: usize, base: usize, i: i32, bits: u64, first: i32, bins: usize): u64 {
  const one = <u32>(bits != 0);
  const offset = keyAt(x, base, i + <i32>(ctz(bits) & 63)) - first;
  const slot = bins + ((<usize>offset << 2) & -<usize>one);
  store<u32>(slot, load<u32>(slot) + one);
  return bits & (bits - 1);
}

@inline
function magnitudes(x: v128): v128 {
  return v128.and(x, i32x4.splat(0x7fffffff));
}

/** One bit for each of sixteen keys. */
@inline
function bitsBelow(a: v128, b: v128, c: v128, d: v128, limit: v128): i32 {
  const left = i16x8.narrow_i32x4_s(i32x4.lt_s(a, limit), i32x4.lt_s(b, limit));
  const right = i16x8.narrow_i32x4_s(i32x4.lt_s(c, limit), i32x4.lt_s(d, limit));
  return i8x16.bitmask(i8x16.narrow_i16x8_s(left, right));
}

/**
 * target = d where from <= key(d) < end, else 0. band: from, end, and two keys; behind them goes how
 * many elements have exactly these (six int32).
 */
export function deltaWithinBf16(
  x: usize, base: usize, band: usize, target: usize, count: i32,
): void {
  const from = load<i32>(band), end = load<i32>(band, 4);
  const largest = max(from, max(load<i32>(band, 8), load<i32>(band, 12)));
  if (largest > INFINITY_KEY || end == NAN_KEY) within(true, true, x, base, band, target, count);
  else if (end > NAN_KEY) within(false, false, x, base, band, target, count);
  else within(true, false, x, base, band, target, count);
}

/**
 * NaN, whose bits are above all keys but vary, need not be told apart where no key of the band is
 * above infinity. Where no key is too large, `second` is not looked for.
 */
@inline
function within(
  bounded: bool, hasNaN: bool, x: usize, base: usize, band: usize, target: usize, count: i32,
): void {
  // Less than from, so that one comparison tells.
  const under = i32x4.splat(load<i32>(band) - 1), end = i32x4.splat(load<i32>(band, 4));
  const first = v128.load32_splat(band, 8), second = v128.load32_splat(band, 12);
  let m = i32x4.splat(0), n = m;
  for (let i = 0; i < count; i += 8) {
    const at = <usize>i << 1, to = target + (<usize>i << 2);
    const own = v128.load(x + at), other = v128.load(base + at);
    const a = low(own, other), b = high(own, other);
    const p = hasNaN ? keys(a) : magnitudes(a), q = hasNaN ? keys(b) : magnitudes(b);
    let r = i32x4.gt_s(p, under), s = i32x4.gt_s(q, under);
    m = i32x4.sub(m, counted(i32x4.eq(p, first), i32x4.eq(q, first), count - i));
    if (bounded) {
      r = v128.and(r, i32x4.lt_s(p, end));
      s = v128.and(s, i32x4.lt_s(q, end));
      n = i32x4.sub(n, counted(i32x4.eq(p, second), i32x4.eq(q, second), count - i));
    }
    v128.store(to, v128.and(a, r));
    v128.store(to, v128.and(b, s), 16);
  }
  store<i32>(band, lanes(m), 16);
  store<i32>(band, load<i32>(band, 4) > NAN_KEY ? 0 : lanes(n), 20);
}

/** The sum of two masks, of which only the first `left` lanes count. */
@inline
function counted(low: v128, high: v128, left: i32): v128 {
  if (left >= 8) return i32x4.add(low, high);
  return i32x4.add(v128.and(low, among(left)), v128.and(high, among(left - 4)));
}

/** All bits in the first `left` lanes. */
@inline
function among(left: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(left));
}

@inline
function lanes(x: v128): i32 {
  return i32x4.extract_lane(x, 0) + i32x4.extract_lane(x, 1) +
    i32x4.extract_lane(x, 2) + i32x4.extract_lane(x, 3);
}

/**
 * target = factor d with probability threshold / 2^32, else 0, drawn as by dropRandomly
 * (bernoulli.ts).
 */
export function deltaAtRandomBf16(
  x: usize, base: usize, keyLow: u32, keyHigh: u32, start: f64, threshold: u32, factor: f32,
  words: usize, target: usize, count: i32,
): void {
  const origin = <u64>start;
  for (let i = 0; i < count;) {
    const place = <i32>((origin + i) & (RUN - 1));
    const size = min(RUN - place, count - i);
    const bits = drawRun(keyLow, keyHigh, <u32>((origin + i) >> 10), threshold, words);
    const at = <usize>i << 1;
    scaleKept(x + at, base + at, bits, place, factor, target + (at << 1), size);
    i += size;
  }
}

function scaleKept(
  x: usize, base: usize, bits: usize, place: i32, factor: f32, target: usize, count: i32,
): void {
  const whole = place & 7 ? 0 : count & ~7;
  const by = f32x4.splat(factor);
  for (let i = 0; i < whole; i += 8) {
    const at = <usize>i << 1, to = target + (<usize>i << 2);
    const own = v128.load(x + at), other = v128.load(base + at);
    const byte = v128.load32_splat(bits + ((place + i) >> 3));
    v128.store(to, v128.and(f32x4.mul(low(own, other), by), firstKept(byte)));
    v128.store(to, v128.and(f32x4.mul(high(own, other), by), lastKept(byte)), 16);
  }
  for (let i = whole; i < count; i++) {
    const kept = isKept(bits, place + i);
    store<f32>(target + (<usize>i << 2), kept ? deltaAt(x, base, i) * factor : 0);
  }
}
