// Exact order statistics of magnitudes in linear time. The key of a float32 is its bits without the
// sign, which orders magnitudes; NaN counts as just above infinity. A coarse histogram has one bin
// for zero and one per 2^15 keys; a fine one resolves the bin that holds the wanted rank.
// Twins: ../scalar/select.ts.

const NAN_KEY: i32 = 0x7f800001;
const COARSE_SHIFT: i32 = 15;
const BIN_KEYS: i32 = 1 << COARSE_SHIFT;

@inline
function keys(x: v128): v128 {
  return i32x4.min_u(v128.and(x, i32x4.splat(0x7fffffff)), i32x4.splat(NAN_KEY));
}

@inline
function keyOf(x: usize): i32 {
  return min(<i32>(load<u32>(x) & 0x7fffffff), NAN_KEY);
}

@inline
function increment(slot: usize): void {
  store<u32>(slot, load<u32>(slot) + 1);
}

/** Adds each element's key to 2^16 coarse bins (uint32): bin (key + 2^15 - 1) >> 15. */
export function histogramCoarse(x: usize, bins: usize, count: i32): void {
  const round = i32x4.splat(BIN_KEYS - 1);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const bin = i32x4.shr_u(i32x4.add(keys(v128.load(x + (i << 2))), round), COARSE_SHIFT);
    const slot = i32x4.shl(bin, 2);
    increment(bins + <usize>i32x4.extract_lane(slot, 0));
    increment(bins + <usize>i32x4.extract_lane(slot, 1));
    increment(bins + <usize>i32x4.extract_lane(slot, 2));
    increment(bins + <usize>i32x4.extract_lane(slot, 3));
  }
  for (; i < count; i++) {
    increment(bins + (<usize>((keyOf(x + (i << 2)) + BIN_KEYS - 1) >> COARSE_SHIFT) << 2));
  }
}

/** Adds the keys of one coarse bin, [first, first + 2^15), to 2^15 fine bins (uint32). */
export function histogramFine(x: usize, first: i32, bins: usize, count: i32): void {
  const low = i32x4.splat(first);
  const size = i32x4.splat(BIN_KEYS);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const offset = i32x4.sub(keys(v128.load(x + (i << 2))), low);
    if (!v128.any_true(i32x4.lt_u(offset, size))) continue;
    for (let j = 0; j < 4; j++) addFine(x + ((i + j) << 2), first, bins);
  }
  for (; i < count; i++) addFine(x + (i << 2), first, bins);
}

@inline
function addFine(x: usize, first: i32, bins: usize): void {
  const offset = keyOf(x) - first;
  if (<u32>offset < <u32>BIN_KEYS) increment(bins + (<usize>offset << 2));
}

/** How many elements have exactly this key. */
export function countKey(x: usize, key: i32, count: i32): i32 {
  const wanted = i32x4.splat(key);
  let sum = i32x4.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    sum = i32x4.sub(sum, i32x4.eq(keys(v128.load(x + (i << 2))), wanted));
  }
  let found = i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) +
    i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3);
  for (; i < count; i++) found += <i32>(keyOf(x + (i << 2)) == key);
  return found;
}

/** target = target where the key of by is at least `key`, else 0; padded to a multiple of four */
export function zeroBelow(by: usize, key: i32, target: usize, count: i32): void {
  const limit = i32x4.splat(key);
  for (let i = 0; i < count; i += 4) {
    const at = <usize>i << 2;
    const keep = i32x4.ge_s(keys(v128.load(by + at)), limit);
    v128.store(target + at, v128.and(v128.load(target + at), keep));
  }
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
