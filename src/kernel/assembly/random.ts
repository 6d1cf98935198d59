// Philox4x32-7 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011; seven rounds
// are the fewest that pass BigCrush there). The counter is (block, 0, level, 0), the key 64 bits.
//
// Elements come in groups of 32, which four consecutive blocks serve with 16 bits each: element
// 32 g + 8 w + 4 h + b takes half h (0: low) of word w of block 4 g + b. Sixteen bits decide a draw
// unless they equal the threshold's own; then level 1 of the same place gives sixteen more.
// Twins: ../scalar/random.ts.

const M0: u32 = 0xd2511f53;
const M1: u32 = 0xcd9e8d57;
const W0: u32 = 0x9e3779b9;
const W1: u32 = 0xbb67ae85;
const ROUNDS: i32 = 7;
/** Where, from the words of a group, those of level 1 go: past a second group's. */
const LEVEL_1: usize = 128;

@inline
function lowWords(p: v128, q: v128): v128 {
  return i8x16.shuffle(p, q, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
}

@inline
function highWords(p: v128, q: v128): v128 {
  return i8x16.shuffle(p, q, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}

/** The four words of blocks block .. block + 3, word by word, as 16 uint32 at `out`. */
@inline
export function fourBlocks(keyLow: u32, keyHigh: u32, block: u32, level: u32, out: usize): void {
  const m0 = i32x4.splat(M0), m1 = i32x4.splat(M1);
  let c0 = i32x4.add(i32x4.splat(block), i32x4(0, 1, 2, 3));
  let c1 = i32x4.splat(0), c2 = i32x4.splat(level), c3 = i32x4.splat(0);
  let k0 = keyLow, k1 = keyHigh;
  for (let round = 0; round < ROUNDS; round++) {
    const p0 = i64x2.extmul_low_i32x4_u(c0, m0), q0 = i64x2.extmul_high_i32x4_u(c0, m0);
    const p1 = i64x2.extmul_low_i32x4_u(c2, m1), q1 = i64x2.extmul_high_i32x4_u(c2, m1);
    c0 = v128.xor(v128.xor(highWords(p1, q1), c1), i32x4.splat(k0));
    c2 = v128.xor(v128.xor(highWords(p0, q0), c3), i32x4.splat(k1));
    c1 = lowWords(p1, q1);
    c3 = lowWords(p0, q0);
    k0 += W0;
    k1 += W1;
  }
  v128.store(out, c0);
  v128.store(out, c1, 16);
  v128.store(out, c2, 32);
  v128.store(out, c3, 48);
}

/** Words of four blocks, for tests of the generator itself. */
export function philox(keyLow: u32, keyHigh: u32, block: u32, level: u32, out: usize): void {
  fourBlocks(keyLow, keyHigh, block, level, out);
}

@inline
function drawIn(words: usize, place: i32): u32 {
  const word = load<u32>(words + ((place >> 3) << 4) + ((place & 3) << 2));
  return place & 4 ? word >> 16 : word & 0xffff;
}

/** Whether the draw of a place in a group is below threshold / 2^32; and, when they tie, by level 1. */
function isKept(
  words: usize, keyLow: u32, keyHigh: u32, group: u32, place: i32, threshold: u32,
): bool {
  const first = drawIn(words, place);
  if (first != threshold >> 16) return first < threshold >> 16;
  fourBlocks(keyLow, keyHigh, group << 2, 1, words + LEVEL_1);
  return drawIn(words + LEVEL_1, place) < (threshold & 0xffff);
}

/**
 * The words of two neighbouring groups, eight blocks from `block` on, as 32 uint32 at `out`: two
 * independent chains of multiplications keep the processor busy.
 */
@inline
export function eightBlocks(
  keyLow: u32, keyHigh: u32, block: u32, level: u32, out: usize,
): void {
  const m0 = i32x4.splat(M0), m1 = i32x4.splat(M1);
  let a0 = i32x4.add(i32x4.splat(block), i32x4(0, 1, 2, 3));
  let b0 = i32x4.add(i32x4.splat(block), i32x4(4, 5, 6, 7));
  let a1 = i32x4.splat(0), a2 = i32x4.splat(level), a3 = a1, b1 = a1, b2 = a2, b3 = a1;
  let k0 = keyLow, k1 = keyHigh;
  for (let round = 0; round < ROUNDS; round++) {
    const x0 = i32x4.splat(k0), x1 = i32x4.splat(k1);
    const p0 = i64x2.extmul_low_i32x4_u(a0, m0), q0 = i64x2.extmul_high_i32x4_u(a0, m0);
    const p1 = i64x2.extmul_low_i32x4_u(a2, m1), q1 = i64x2.extmul_high_i32x4_u(a2, m1);
    const r0 = i64x2.extmul_low_i32x4_u(b0, m0), s0 = i64x2.extmul_high_i32x4_u(b0, m0);
    const r1 = i64x2.extmul_low_i32x4_u(b2, m1), s1 = i64x2.extmul_high_i32x4_u(b2, m1);
    a0 = v128.xor(v128.xor(highWords(p1, q1), a1), x0);
    a2 = v128.xor(v128.xor(highWords(p0, q0), a3), x1);
    b0 = v128.xor(v128.xor(highWords(r1, s1), b1), x0);
    b2 = v128.xor(v128.xor(highWords(r0, s0), b3), x1);
    a1 = lowWords(p1, q1);
    a3 = lowWords(p0, q0);
    b1 = lowWords(r1, s1);
    b3 = lowWords(r0, s0);
    k0 += W0;
    k1 += W1;
  }
  v128.store(out, a0);
  v128.store(out, a1, 16);
  v128.store(out, a2, 32);
  v128.store(out, a3, 48);
  v128.store(out, b0, 64);
  v128.store(out, b1, 80);
  v128.store(out, b2, 96);
  v128.store(out, b3, 112);
}

/**
 * Keeps each element of x with its own probability (float32 in [0, 1]) and divides the kept ones
 * by it, if `divide`; sets the others to 0.
 */
export function dropByProbability(
  x: usize, probabilities: usize, keyLow: u32, keyHigh: u32, start: f64, words: usize, divide: i32,
  count: i32,
): void {
  const origin = <u64>start;
  let i = 0;
  while (i < count) {
    const group = <u32>((origin + i) >> 5);
    const place = <i32>((origin + i) & 31);
    const from = x + (i << 2), chances = probabilities + (i << 2);
    if (place == 0 && count - i >= 64) {
      eightBlocks(keyLow, keyHigh, group << 2, 0, words);
      weighGroup(from, chances, keyLow, keyHigh, group, words, divide);
      weighGroup(from + 128, chances + 128, keyLow, keyHigh, group + 1, words + 64, divide);
      i += 64;
      continue;
    }
    const end = min(32, place + count - i);
    fourBlocks(keyLow, keyHigh, group << 2, 0, words);
    weighPlaces(from, chances, keyLow, keyHigh, group, words, place, end, divide);
    i += end - place;
  }
}

function weighPlaces(
  x: usize, chances: usize, keyLow: u32, keyHigh: u32, group: u32, words: usize,
  place: i32, end: i32, divide: i32,
): void {
  for (let p = place; p < end; p++) {
    const at = <usize>(p - place) << 2;
    const chance = load<f32>(chances + at);
    const threshold = <u64>(<f64>chance * 4294967296.0);
    const kept = threshold > 0xffffffff ||
      isKept(words, keyLow, keyHigh, group, p, <u32>threshold);
    const value = load<f32>(x + at);
    store<f32>(x + at, kept ? (divide ? value / chance : value) : 0);
  }
}

@inline
function weighGroup(
  x: usize, chances: usize, keyLow: u32, keyHigh: u32, group: u32, words: usize,
  divide: i32,
): void {
  const scale = f32x4.splat(65536);
  const half = i32x4.splat(0xffff);
  const zero = f32x4.splat(0);
  for (let w = 0; w < 4; w++) {
    const at = <usize>w << 5;
    const word = v128.load(words + (w << 4));
    const draw0 = v128.and(word, half), draw1 = i32x4.shr_u(word, 16);
    const p0 = v128.load(chances + at), p1 = v128.load(chances + at, 16);
    const high0 = i32x4.trunc_sat_f32x4_s(f32x4.mul(p0, scale));
    const high1 = i32x4.trunc_sat_f32x4_s(f32x4.mul(p1, scale));
    if (v128.any_true(v128.or(i32x4.eq(draw0, high0), i32x4.eq(draw1, high1)))) {
      weighPlaces(x + at, chances + at, keyLow, keyHigh, group, words, w << 3, (w << 3) + 8, divide);
      continue;
    }
    let d0 = v128.load(x + at), d1 = v128.load(x + at, 16);
    if (divide) {
      d0 = f32x4.div(d0, p0);
      d1 = f32x4.div(d1, p1);
    }
    v128.store(x + at, v128.bitselect(d0, zero, i32x4.lt_s(draw0, high0)));
    v128.store(x + at, v128.bitselect(d1, zero, i32x4.lt_s(draw1, high1)), 16);
  }
}
