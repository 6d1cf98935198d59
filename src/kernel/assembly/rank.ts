// Ranks of the magnitudes of one row: 0 for the smallest, equal ones in order of index.
//
// Short rows: magnitudes are scaled to 16 bits, which keeps their order up to ties, packed with
// their index into one word, and sorted by two counting passes of 8 bits; an insertion pass over the
// real keys settles the few that share a scaled value. Long rows, and rows that would need too many
// insertions (one outlier squeezes all others together), are sorted by all bits of their keys.
// Twins: ../scalar/rank.ts.

const NAN_KEY: i32 = 0x7f800001;
const INFINITY_KEY: i32 = 0x7f800000;
/** Below this largest magnitude (2^-100) the scale to 16 bits would overflow. */
const SMALLEST_MAXIMUM: i32 = 27 << 23;
/** Indices of longer rows do not fit beside 16 bits of magnitude. */
const LONGEST_PACKED_ROW: i32 = 65536;
const INSERTIONS_PER_ELEMENT: i32 = 4;

@inline
function keyAt(x: usize, index: i32): i32 {
  return min(<i32>(load<u32>(x + (index << 2)) & 0x7fffffff), NAN_KEY);
}

function largestKey(x: usize, count: i32): i32 {
  let top = i32x4.splat(0);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    top = i32x4.max_u(top, v128.and(v128.load(x + (i << 2)), i32x4.splat(0x7fffffff)));
  }
  let largest = max(
    max(i32x4.extract_lane(top, 0), i32x4.extract_lane(top, 1)),
    max(i32x4.extract_lane(top, 2), i32x4.extract_lane(top, 3)),
  );
  for (; i < count; i++) largest = max(largest, keyAt(x, i));
  return min(largest, NAN_KEY);
}

@inline
function bump(slot: usize): void {
  store<u32>(slot, load<u32>(slot) + 1);
}

/** Turns 256 counts into the first position of each, as a byte offset into words. */
function countsToOffsets(counts: usize): void {
  let sum: u32 = 0;
  for (let i = 0; i < 256; i++) {
    const here = load<u32>(counts + (i << 2));
    store<u32>(counts + (i << 2), sum);
    sum += here << 2;
  }
}

/** Appends a word to the run of its digit. */
@inline
function append(target: usize, offsets: usize, digit: u32, word: u32): void {
  const slot = offsets + (digit << 2);
  const offset = load<u32>(slot);
  store<u32>(slot, offset + 4);
  store<u32>(target + offset, word);
}

/** words := magnitude scaled to 16 bits << 16 | index, and both digits of the magnitude counted. */
function packAndCount(x: usize, factor: f32, words: usize, counts: usize, count: i32): void {
  const f = f32x4.splat(factor);
  let index = i32x4(0, 1, 2, 3);
  for (let i = 0; i < count; i += 4) {
    const scaled = i32x4.trunc_sat_f32x4_s(f32x4.mul(f32x4.abs(v128.load(x + (i << 2))), f));
    v128.store(words + (i << 2), v128.or(i32x4.shl(scaled, 16), index));
    index = i32x4.add(index, i32x4.splat(4));
  }
  for (let i = 0; i < count; i++) {
    const word = load<u32>(words + (i << 2));
    bump(counts + ((word >> 14) & 0x3fc));
    bump(counts + 1024 + ((word >> 22) & 0x3fc));
  }
}

/** words in order of scaled magnitude, equal ones in order of index. */
function sortScaled(
  x: usize, count: i32, factor: f32, words: usize, spare: usize, counts: usize,
): void {
  memory.fill(counts, 0, 2048);
  packAndCount(x, factor, words, counts, count);
  countsToOffsets(counts);
  countsToOffsets(counts + 1024);
  for (let i = 0; i < count; i++) {
    const word = load<u32>(words + (i << 2));
    append(spare, counts, (word >> 16) & 255, word);
  }
  for (let i = 0; i < count; i++) {
    const word = load<u32>(spare + (i << 2));
    append(words, counts + 1024, word >> 24, word);
  }
}

/**
 * Writes the linear value of every rank. Words that share a scaled magnitude are in order of index;
 * where the keys of two neighbours are not in order, their run is sorted by key and written anew.
 * Whether words share one is a coin toss in bfloat16 models, so there is no branch on it.
 * Returns false when sorting takes too long.
 */
function emitScaled(
  x: usize, count: i32, words: usize, inversions: usize, low: f32, step: f32, out: usize,
): bool {
  let found = 0;
  let before = ~load<u32>(words);
  let beforeKey = 0;
  for (let i = 0; i < count; i++) {
    const word = load<u32>(words + (i << 2));
    const index = <usize>(word & 0xffff) << 2;
    const key = min(<i32>(load<u32>(x + index) & 0x7fffffff), NAN_KEY);
    store<f32>(out + index, low + step * <f32>i);
    store<i32>(inversions + (found << 2), i);
    found += <i32>((before ^ word) < 0x10000) & <i32>(beforeKey > key);
    before = word;
    beforeKey = key;
  }
  let budget = count * INSERTIONS_PER_ELEMENT;
  for (let n = 0; n < found; n++) {
    const place = load<i32>(inversions + (n << 2));
    budget -= settle(x, count, words, place, budget, low, step, out);
    if (budget < 0) return false;
  }
  return true;
}

/**
 * Sorts the run around a place by key and writes its ranks; returns the work that took, and gives up
 * when it is more than the budget.
 */
function settle(
  x: usize, count: i32, words: usize, place: i32, budget: i32, low: f32, step: f32, out: usize,
): i32 {
  const word = load<u32>(words + (place << 2));
  let first = place, end = place + 1;
  while (first > 0 && (load<u32>(words + ((first - 1) << 2)) ^ word) < 0x10000) first--;
  while (end < count && (load<u32>(words + (end << 2)) ^ word) < 0x10000) end++;
  let work = end - first;
  for (let i = first + 1; i < end && work <= budget; i++) {
    work += insert(x, words, first, i, keyAt(x, load<u32>(words + (i << 2)) & 0xffff));
  }
  for (let r = first; r < end; r++) {
    const index = load<u32>(words + (r << 2)) & 0xffff;
    store<f32>(out + (<usize>index << 2), low + step * <f32>r);
  }
  return work;
}

/** Moves the word at `from` down to its place among those from `first` on; returns the distance. */
function insert(x: usize, words: usize, first: i32, from: i32, key: i32): i32 {
  const word = load<u32>(words + (from << 2));
  let j = from;
  for (; j > first; j--) {
    const before = load<u32>(words + ((j - 1) << 2));
    if (keyAt(x, before & 0xffff) <= key) break;
    store<u32>(words + (j << 2), before);
  }
  store<u32>(words + (j << 2), word);
  return from - j;
}

/** order := indices by key, by four stable passes of 8 bits. */
function sortKeys(x: usize, count: i32, order: usize, spare: usize, counts: usize): void {
  let from = spare, to = order;
  for (let i = 0; i < count; i++) store<i32>(order + (i << 2), i);
  for (let shift = 0; shift < 32; shift += 8) {
    const swap = from; from = to; to = swap;
    memory.fill(counts, 0, 1024);
    for (let i = 0; i < count; i++) bump(counts + (((keyAt(x, i) >> shift) & 255) << 2));
    countsToOffsets(counts);
    for (let i = 0; i < count; i++) {
      const index = load<u32>(from + (i << 2));
      append(to, counts, (keyAt(x, index) >> shift) & 255, index);
    }
  }
}

/**
 * out_j = low + step * rank of |x_j|. scratch holds 2 KiB and 8 bytes per element, where x, out and
 * scratch have room for count rounded up to a multiple of 4.
 */
export function rankLinear(
  x: usize, low: f32, step: f32, out: usize, scratch: usize, count: i32,
): void {
  const order = scratch + 2048;
  const spare = order + (<usize>((count + 3) & ~3) << 2);
  const largest = largestKey(x, count);
  if (count <= LONGEST_PACKED_ROW && largest < INFINITY_KEY && largest >= SMALLEST_MAXIMUM) {
    const factor = <f32>65535 / reinterpret<f32>(largest);
    sortScaled(x, count, factor, order, spare, scratch);
    if (emitScaled(x, count, order, spare, low, step, out)) return;
  }
  sortKeys(x, count, order, spare, scratch);
  for (let r = 0; r < count; r++) {
    const index = load<u32>(order + (r << 2));
    store<f32>(out + (<usize>index << 2), low + step * <f32>r);
  }
}
