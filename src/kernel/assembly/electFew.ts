// electSign and variance for two and for three vectors, the usual numbers of models: the same
// results as the loops over k in elect.ts, bit for bit, with pointers and weights in registers.
// The flags are known when the functions are inlined, so that what they exclude costs nothing.

import { vectorAt, weightAt } from './elementwise';

/** Balance from left to right; the 0 that elect.ts begins with changes no comparison with 0. */
@inline
function isNegative(three: bool, f: v128, g: v128, h: v128): v128 {
  let balance = f32x4.add(f, g);
  if (three) balance = f32x4.add(balance, h);
  return f32x4.lt(balance, f32x4.splat(0));
}

/** vote > 0 once its sign is turned by `turn`: agreement with the elected sign, never of 0 or NaN. */
@inline
function agreement(vote: v128, turn: v128): v128 {
  return f32x4.gt(v128.xor(vote, turn), f32x4.splat(0));
}

/** 0 + 1 and -0 + 1 are 1, all else keeps its value. */
@inline
function orOne(divisor: v128): v128 {
  const missing = f32x4.eq(divisor, f32x4.splat(0));
  return f32x4.add(divisor, v128.and(missing, f32x4.splat(1)));
}

@inline
function electAt(
  three: bool, normalize: bool, usual: bool, x: usize, y: usize, z: usize,
  p: v128, q: v128, r: v128, u: v128, v: v128, w: v128, least: v128, out: usize, at: usize,
): void {
  const zero = f32x4.splat(0);
  const a = v128.load(x + at), b = v128.load(y + at);
  const c = three ? v128.load(z + at) : zero;
  const f = f32x4.mul(a, p), g = f32x4.mul(b, q), h = three ? f32x4.mul(c, r) : zero;
  const turn = i32x4.shl(isNegative(three, f, g, h), 31);
  const i = agreement(f, turn), j = agreement(g, turn);
  const first = usual ? f : f32x4.mul(a, u), second = usual ? g : f32x4.mul(b, v);
  let sum = f32x4.add(f32x4.add(zero, v128.and(i, first)), v128.and(j, second));
  let divisor = zero;
  if (normalize) divisor = f32x4.add(v128.and(i, u), v128.and(j, v));
  if (three) {
    const k = agreement(h, turn);
    sum = f32x4.add(sum, v128.and(k, usual ? h : f32x4.mul(c, w)));
    if (normalize) divisor = f32x4.add(divisor, v128.and(k, w));
  }
  if (normalize) sum = f32x4.div(sum, usual ? f32x4.pmax(divisor, least) : orOne(divisor));
  v128.store(out + at, sum);
}

@inline
function electLoop(
  three: bool, normalize: bool, usual: bool, list: usize, votes: usize, weights: usize,
  out: usize, count: i32,
): void {
  const x = vectorAt(list, 0), y = vectorAt(list, 1), z = three ? vectorAt(list, 2) : 0;
  const u = weightAt(weights, 0), v = weightAt(weights, 1), w = three ? weightAt(weights, 2) : u;
  const p = usual ? u : weightAt(votes, 0), q = usual ? v : weightAt(votes, 1);
  const r = usual ? w : three ? weightAt(votes, 2) : p;
  const least = f32x4.pmin(f32x4.pmin(u, v), w);
  for (let i = 0; i < count; i += 4) {
    electAt(three, normalize, usual, x, y, z, p, q, r, u, v, w, least, out, <usize>i << 2);
  }
}

/**
 * In TIES the votes are the weights, which spares a product per vector. Where these are positive as
 * well, no divisor is below the least of them but that of no agreement, whose sum is 0 anyway.
 */
@inline
function electLoops(
  three: bool, normalize: bool, list: usize, votes: usize, weights: usize, out: usize, count: i32,
): void {
  let usual = load<u64>(votes) == load<u64>(weights) &&
    load<f32>(weights) > 0 && load<f32>(weights, 4) > 0;
  if (three) {
    usual = usual && load<u32>(votes, 8) == load<u32>(weights, 8) && load<f32>(weights, 8) > 0;
  }
  if (usual) electLoop(three, normalize, true, list, weights, weights, out, count);
  else electLoop(three, normalize, false, list, votes, weights, out, count);
}

export function electSignOfTwo(
  list: usize, votes: usize, weights: usize, normalize: i32, out: usize, count: i32,
): void {
  if (normalize) electLoops(false, true, list, votes, weights, out, count);
  else electLoops(false, false, list, votes, weights, out, count);
}

export function electSignOfThree(
  list: usize, votes: usize, weights: usize, normalize: i32, out: usize, count: i32,
): void {
  if (normalize) electLoops(true, true, list, votes, weights, out, count);
  else electLoops(true, false, list, votes, weights, out, count);
}

@inline
function varianceAt(
  three: bool, x: usize, y: usize, z: usize, size: v128, out: usize, at: usize,
): void {
  const a = v128.load(x + at), b = v128.load(y + at);
  const c = three ? v128.load(z + at) : size;
  let sum = f32x4.add(a, b);
  if (three) sum = f32x4.add(sum, c);
  const mean = f32x4.div(sum, size);
  const f = f32x4.sub(a, mean), g = f32x4.sub(b, mean);
  let squares = f32x4.add(f32x4.mul(f, f), f32x4.mul(g, g));
  if (three) {
    const h = f32x4.sub(c, mean);
    squares = f32x4.add(squares, f32x4.mul(h, h));
  }
  v128.store(out + at, f32x4.div(squares, size));
}

@inline
function varianceLoop(three: bool, list: usize, out: usize, count: i32): void {
  const x = vectorAt(list, 0), y = vectorAt(list, 1), z = three ? vectorAt(list, 2) : 0;
  const size = f32x4.splat(three ? 3 : 2);
  for (let i = 0; i < count; i += 4) varianceAt(three, x, y, z, size, out, <usize>i << 2);
}

export function varianceOfTwo(list: usize, out: usize, count: i32): void {
  varianceLoop(false, list, out, count);
}

export function varianceOfThree(list: usize, out: usize, count: i32): void {
  varianceLoop(true, list, out, count);
}
