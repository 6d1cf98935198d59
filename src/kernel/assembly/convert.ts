// Decoding half-precision formats to float32 and rounding float32 back, nearest even.
// NaN is written as one quiet NaN (positive, empty payload), so that bytes do not depend on
// how a processor chooses among NaNs. Twins: ../scalar/convert.ts.

// One instruction each: the bits become the upper halves of four numbers.
@inline
export function widenBf16Low(bits: v128): v128 {
  const zero = i32x4.splat(0);
  return i8x16.shuffle(zero, bits, 0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
}

@inline
export function widenBf16High(bits: v128): v128 {
  const zero = i32x4.splat(0);
  return i8x16.shuffle(zero, bits, 8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);
}

export function decodeBf16(source: usize, target: usize, count: i32): void {
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    const bits = v128.load(source + (i << 1));
    v128.store(target + (i << 2), widenBf16Low(bits));
    v128.store(target + (i << 2), widenBf16High(bits), 16);
  }
  for (; i < count; i++) {
    store<u32>(target + (i << 2), (<u32>load<u16>(source + (i << 1))) << 16);
  }
}

// Normal numbers move their exponent bias from 15 to 127; infinities and NaN move it once more;
// subnormals get an implicit one that a subtraction takes away again (no float32 subnormal is
// ever met, which would halve the speed).
@inline
function widenF16(half: v128): v128 {
  const magnitude = i32x4.shl(v128.and(half, i32x4.splat(0x7fff)), 13);
  const sign = i32x4.shl(v128.and(half, i32x4.splat(0x8000)), 16);
  const normal = i32x4.add(magnitude, i32x4.splat(112 << 23));
  const special = i32x4.ge_s(magnitude, i32x4.splat(0x0f800000));
  const wide = i32x4.add(normal, v128.and(special, i32x4.splat(112 << 23)));
  const subnormal = f32x4.sub(
    i32x4.add(normal, i32x4.splat(1 << 23)),
    i32x4.splat(113 << 23),
  );
  const tiny = i32x4.lt_s(magnitude, i32x4.splat(1 << 23));
  return v128.or(sign, v128.bitselect(subnormal, wide, tiny));
}

export function decodeF16(source: usize, target: usize, count: i32): void {
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    const bits = v128.load(source + (i << 1));
    v128.store(target + (i << 2), widenF16(i32x4.extend_low_i16x8_u(bits)));
    v128.store(target + (i << 2), widenF16(i32x4.extend_high_i16x8_u(bits)), 16);
  }
  for (; i < count; i++) {
    const one = widenF16(i32x4.splat(<i32>load<u16>(source + (i << 1))));
    store<f32>(target + (i << 2), f32x4.extract_lane(one, 0));
  }
}

/** target = decoded source - base */
export function subtractBf16(source: usize, base: usize, target: usize, count: i32): void {
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    const bits = v128.load(source + (i << 1));
    const at = <usize>i << 2;
    const low = f32x4.sub(widenBf16Low(bits), v128.load(base + at));
    const high = f32x4.sub(widenBf16High(bits), v128.load(base + at, 16));
    v128.store(target + at, low);
    v128.store(target + at, high, 16);
  }
  for (; i < count; i++) {
    const value = reinterpret<f32>((<u32>load<u16>(source + (i << 1))) << 16);
    store<f32>(target + (i << 2), value - load<f32>(base + (i << 2)));
  }
}

/** target = decoded source - base */
export function subtractF16(source: usize, base: usize, target: usize, count: i32): void {
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    const bits = v128.load(source + (i << 1));
    const at = <usize>i << 2;
    const low = f32x4.sub(widenF16(i32x4.extend_low_i16x8_u(bits)), v128.load(base + at));
    const high = f32x4.sub(widenF16(i32x4.extend_high_i16x8_u(bits)), v128.load(base + at, 16));
    v128.store(target + at, low);
    v128.store(target + at, high, 16);
  }
  for (; i < count; i++) {
    const one = widenF16(i32x4.splat(<i32>load<u16>(source + (i << 1))));
    const value = f32x4.extract_lane(one, 0);
    store<f32>(target + (i << 2), value - load<f32>(base + (i << 2)));
  }
}

/** Rounded to BF16 in the upper half of each lane, the lower half being of no use; not of NaN. */
@inline
function roundBf16(value: v128): v128 {
  const odd = v128.and(i32x4.shr_u(value, 16), i32x4.splat(1));
  return i32x4.add(i32x4.add(value, i32x4.splat(0x7fff)), odd);
}

@inline
function quietNaN(value: v128, bits: v128): v128 {
  return v128.bitselect(i32x4.splat(0x7fc00000), bits, f32x4.ne(value, value));
}

/** Eight numbers as stored BF16. Their sums are NaN where one of them is (or rarely else). */
@inline
export function packBf16(low: v128, high: v128): v128 {
  let a = roundBf16(low), b = roundBf16(high);
  const sum = f32x4.add(low, high);
  if (v128.any_true(f32x4.ne(sum, sum))) {
    a = quietNaN(low, a);
    b = quietNaN(high, b);
  }
  return i16x8.narrow_i32x4_s(i32x4.shr_s(a, 16), i32x4.shr_s(b, 16));
}

export function encodeBf16(source: usize, target: usize, count: i32): void {
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    const at = source + (<usize>i << 2);
    v128.store(target + (<usize>i << 1), packBf16(v128.load(at), v128.load(at, 16)));
  }
  for (; i < count; i++) {
    const one = v128.load32_splat(source + (<usize>i << 2));
    store<u16>(target + (<usize>i << 1), <u16>i16x8.extract_lane_u(packBf16(one, one), 0));
  }
}

// Adding 0.5 to a number below 2^-14 leaves its float16 subnormal bits, rounded, at the low end.
@inline
function roundF16(value: v128): v128 {
  const magnitude = v128.and(value, i32x4.splat(0x7fffffff));
  const sign = v128.and(i32x4.shr_u(value, 16), i32x4.splat(0x8000));
  const odd = v128.and(i32x4.shr_u(magnitude, 13), i32x4.splat(1));
  const biased = i32x4.add(i32x4.add(magnitude, i32x4.splat(0xfff - (112 << 23))), odd);
  const normal = i32x4.min_s(i32x4.shr_s(biased, 13), i32x4.splat(0x7c00));
  const subnormal = i32x4.sub(f32x4.add(magnitude, f32x4.splat(0.5)), i32x4.splat(126 << 23));
  const tiny = i32x4.lt_s(magnitude, i32x4.splat(113 << 23));
  const half = v128.or(sign, v128.bitselect(subnormal, normal, tiny));
  return v128.bitselect(i32x4.splat(0x7e00), half, f32x4.ne(value, value));
}

export function encodeF16(source: usize, target: usize, count: i32): void {
  let i = 0;
  for (; i + 8 <= count; i += 8) {
    const low = roundF16(v128.load(source + (i << 2)));
    const high = roundF16(v128.load(source + (i << 2), 16));
    v128.store(target + (i << 1), i16x8.narrow_i32x4_u(low, high));
  }
  for (; i < count; i++) {
    const one = roundF16(v128.load32_splat(source + (i << 2)));
    store<u16>(target + (i << 1), <u16>i32x4.extract_lane(one, 0));
  }
}

export function encodeF32(source: usize, target: usize, count: i32): void {
  const quiet = i32x4.splat(0x7fc00000);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const value = v128.load(source + (i << 2));
    v128.store(target + (i << 2), v128.bitselect(quiet, value, f32x4.ne(value, value)));
  }
  for (; i < count; i++) {
    const value = load<f32>(source + (i << 2));
    if (value == value) store<f32>(target + (i << 2), value);
    else store<u32>(target + (i << 2), 0x7fc00000);
  }
}

export function encodeF64(source: usize, target: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const value = load<f32>(source + (i << 2));
    if (value == value) store<f64>(target + (i << 3), <f64>value);
    else store<u64>(target + (i << 3), 0x7ff8000000000000);
  }
}

export function copyBytes(source: usize, target: usize, byteLength: i32): void {
  memory.copy(target, source, byteLength);
}
