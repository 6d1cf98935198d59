// Keeping each element with one and the same probability. A draw is a binary fraction that is compared
// with the probability from the highest bit on. A few bits decide most draws, so a further bit is drawn
// only while one of the 1024 draws that are made together is open and the probability has bits left
// that are not 0: of probability 1/2 a draw takes one bit.
//
// Bit l of the draws of elements 512 g + 128 w + 32 b .. + 31 is word w of block 4 g + b, counter
// (4 g + b, 0, l, 0), of Philox (random.ts), lowest bit first. Twin: ../scalar/bernoulli.ts.

import { eightBlocks } from './random';

/** Draws that are made together: a run. */
export const RUN: i32 = 1024;
const RUN_BYTES: usize = 128;

/**
 * The draws of a run: a bit for each element, set where it is kept, with probability
 * threshold / 2^32. Returns where they are; `words` is scratch of 512 bytes.
 */
export function drawRun(
  keyLow: u32, keyHigh: u32, run: u32, threshold: u32, words: usize,
): usize {
  const open = words + RUN_BYTES, bits = open + RUN_BYTES;
  memory.fill(open, 0xff, RUN_BYTES);
  memory.fill(bits, 0, RUN_BYTES);
  let level = 0;
  for (let left = threshold; left != 0; left <<= 1) {
    eightBlocks(keyLow, keyHigh, run << 3, level++, words);
    if (!compareBit(words, <i32>left < 0, open, bits)) break;
  }
  return bits;
}

/** Compares one bit of each open draw; returns whether any is still open. */
@inline
function compareBit(words: usize, isSet: bool, open: usize, bits: usize): bool {
  let any = i32x4.splat(0);
  for (let at: usize = 0; at < RUN_BYTES; at += 16) {
    const drawn = v128.load(words + at), before = v128.load(open + at);
    const zeros = v128.andnot(before, drawn), ones = v128.and(before, drawn);
    if (isSet) v128.store(bits + at, v128.or(v128.load(bits + at), zeros));
    const still = isSet ? ones : zeros;
    v128.store(open + at, still);
    any = v128.or(any, still);
  }
  return v128.any_true(any);
}

/** All bits of the lanes whose bit in the lowest byte is set: bits 0 to 3. */
@inline
export function firstKept(byte: v128): v128 {
  const wanted = i32x4(1, 2, 4, 8);
  return i32x4.eq(v128.and(byte, wanted), wanted);
}

/** The same, of bits 4 to 7. */
@inline
export function lastKept(byte: v128): v128 {
  const wanted = i32x4(16, 32, 64, 128);
  return i32x4.eq(v128.and(byte, wanted), wanted);
}

@inline
export function isKept(bits: usize, place: i32): bool {
  return <bool>((load<u8>(bits + (place >> 3)) >> <u8>(place & 7)) & 1);
}

/**
 * Keeps each element of x with probability threshold / 2^32 and sets the others to 0. `start` is the
 * index in the tensor of the first element. (Probability 1 needs no draw and is not passed here.)
 */
export function dropRandomly(
  x: usize, keyLow: u32, keyHigh: u32, start: f64, threshold: u32, words: usize, count: i32,
): void {
  const origin = <u64>start;
  for (let i = 0; i < count;) {
    const place = <i32>((origin + i) & (RUN - 1));
    const size = min(RUN - place, count - i);
    const bits = drawRun(keyLow, keyHigh, <u32>((origin + i) >> 10), threshold, words);
    dropOthers(x + (<usize>i << 2), bits, place, size);
    i += size;
  }
}

function dropOthers(x: usize, bits: usize, place: i32, count: i32): void {
  const whole = place & 7 ? 0 : count & ~7;
  for (let i = 0; i < whole; i += 8) {
    const at = x + (<usize>i << 2);
    const byte = v128.load32_splat(bits + ((place + i) >> 3));
    v128.store(at, v128.and(v128.load(at), firstKept(byte)));
    v128.store(at, v128.and(v128.load(at, 16), lastKept(byte)), 16);
  }
  for (let i = whole; i < count; i++) {
    if (!isKept(bits, place + i)) store<f32>(x + (<usize>i << 2), 0);
  }
}
