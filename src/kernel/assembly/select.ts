// Exact order statistics of magnitudes in linear time. The key of a float32 is its bits without the
// sign, which orders magnitudes; NaN counts as just above infinity. A coarse histogram has one bin
// for zero and one per 2^15 keys; a fine one, over a range of keys, resolves the wanted rank.
// Twins: ../scalar/select.ts.

export const INFINITY_KEY: i32 = 0x7f800000;
export const NAN_KEY: i32 = 0x7f800001;
const COARSE_SHIFT: i32 = 15;
const BIN_KEYS: i32 = 1 << COARSE_SHIFT;

@inline
export function keys(x: v128): v128 {
  return i32x4.min_u(v128.and(x, i32x4.splat(0x7fffffff)), i32x4.splat(NAN_KEY));
}

@inline
export function keyOfBits(bits: u32): i32 {
  return min(<i32>(bits & 0x7fffffff), NAN_KEY);
}

@inline
function keyOf(x: usize): i32 {
  return keyOfBits(load<u32>(x));
}

@inline
export function increment(slot: usize): void {
  store<u32>(slot, load<u32>(slot) + 1);
}

/** Adds each element's key to 2^16 coarse bins (uint32): bin (key + 2^15 - 1) >> 15. */
export function histogramCoarse(x: usize, bins: usize, count: i32): void {
  const round = i32x4.splat(BIN_KEYS - 1);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const bin = i32x4.shr_u(i32x4.add(keys(v128.load(x + (i << 2))), round), COARSE_SHIFT);
    const slot = i32x4.shl(bin, 2);
    const low = i64x2.extract_lane(slot, 0), high = i64x2.extract_lane(slot, 1);
    increment(bins + <usize><u32>low);
    increment(bins + <usize>(<u64>low >> 32));
    increment(bins + <usize><u32>high);
    increment(bins + <usize>(<u64>high >> 32));
  }
  for (; i < count; i++) {
    increment(bins + (<usize>((keyOf(x + (i << 2)) + BIN_KEYS - 1) >> COARSE_SHIFT) << 2));
  }
}

/** Counts the elements, of those from x on, whose bits are set; all are in the range. */
@inline
function addSet(x: usize, bits: i32, first: i32, bins: usize): void {
  while (bits) {
    increment(bins + (<usize>(keyOf(x + (ctz(bits) << 2)) - first) << 2));
    bits &= bits - 1;
  }
}

/**
 * Adds the keys of [first, first + size) to `size` bins (uint32), one per key, and returns how many
 * keys are below `first`. Few elements are expected in the range, so they are found as the bits of a
 * mask, sixteen at a time.
 */
export function histogramKeys(x: usize, first: i32, size: i32, bins: usize, count: i32): i32 {
  const low = i32x4.splat(first), width = i32x4.splat(size);
  let below = 0;
  let i = 0;
  for (; i + 16 <= count; i += 16) {
    const at = x + (i << 2);
    const a = i32x4.sub(keys(v128.load(at)), low), b = i32x4.sub(keys(v128.load(at, 16)), low);
    const c = i32x4.sub(keys(v128.load(at, 32)), low), d = i32x4.sub(keys(v128.load(at, 48)), low);
    const left = i16x8.narrow_i32x4_s(i32x4.lt_u(a, width), i32x4.lt_u(b, width));
    const right = i16x8.narrow_i32x4_s(i32x4.lt_u(c, width), i32x4.lt_u(d, width));
    // Narrowing saturates, so it keeps the sign, which is negative below the range.
    const signs = i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
    below += popcnt(i8x16.bitmask(signs));
    addSet(at, i8x16.bitmask(i8x16.narrow_i16x8_s(left, right)), first, bins);
  }
  for (; i < count; i++) {
    const offset = keyOf(x + (i << 2)) - first;
    below += <i32>(offset < 0);
    if (<u32>offset < <u32>size) increment(bins + (<usize>offset << 2));
  }
  return below;
}

@inline
function lanes(x: v128): i32 {
  return i32x4.extract_lane(x, 0) + i32x4.extract_lane(x, 1) +
    i32x4.extract_lane(x, 2) + i32x4.extract_lane(x, 3);
}

/** How many elements have exactly this key. */
export function countKey(x: usize, key: i32, count: i32): i32 {
  const wanted = i32x4.splat(key);
  let sum = i32x4.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    sum = i32x4.sub(sum, i32x4.eq(keys(v128.load(x + (i << 2))), wanted));
  }
  let found = lanes(sum);
  for (; i < count; i++) found += <i32>(keyOf(x + (i << 2)) == key);
  return found;
}

/**
 * target = target where the key of by is at least `key`, else 0; returns how many have exactly that
 * key.
 */
export function zeroBelow(by: usize, key: i32, target: usize, count: i32): i32 {
  const limit = i32x4.splat(key);
  let equal = i32x4.splat(0);
  const whole = count & ~3;
  for (let i = 0; i < whole; i += 4) {
    const at = <usize>i << 2;
    const own = keys(v128.load(by + at));
    equal = i32x4.sub(equal, i32x4.eq(own, limit));
    v128.store(target + at, v128.and(v128.load(target + at), i32x4.ge_s(own, limit)));
  }
  let found = lanes(equal);
  for (let i = whole; i < count; i++) {
    const own = keyOf(by + (i << 2));
    found += <i32>(own == key);
    if (own < key) store<f32>(target + (i << 2), 0);
  }
  return found;
}

/** target = target where the key of by is less than `key`, else 0; padded to a multiple of four */
export function zeroFrom(by: usize, key: i32, target: usize, count: i32): void {
  const limit = i32x4.splat(key);
  for (let i = 0; i < count; i += 4) {
    const at = <usize>i << 2;
    const keep = i32x4.lt_s(keys(v128.load(by + at)), limit);
    v128.store(target + at, v128.and(v128.load(target + at), keep));
  }
}

/**
 * Sets to 0 the elements of target whose key in by is exactly `key`: all but the first `few` of
 * them (spareFirst), or only the first `few` of them.
 */
export function zeroEqual(
  by: usize, key: i32, few: i32, spareFirst: i32, target: usize, count: i32,
): void {
  let seen = 0;
  for (let i = 0; i < count; i++) {
    if (keyOf(by + (i << 2)) != key) continue;
    const isFirst = seen++ < few;
    if (isFirst != <bool>spareFirst) store<f32>(target + (i << 2), 0);
  }
}
