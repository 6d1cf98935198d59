// mergeOverlap for two and for three vectors: as electFew.ts, for elect.ts's rule of that name.

import { vectorAt, weightAt } from './elementwise';

@inline
function shareOf(d: v128, factor: v128, size: v128, lone: v128): v128 {
  return v128.bitselect(f32x4.mul(d, factor), f32x4.div(d, size), lone);
}

@inline
function mergeAt(
  three: bool, x: usize, y: usize, z: usize, u: v128, v: v128, w: v128, limit: v128,
  out: usize, at: usize,
): void {
  const zero = f32x4.splat(0);
  const a = v128.load(x + at), b = v128.load(y + at);
  const c = three ? v128.load(z + at) : zero;
  const i = f32x4.gt(f32x4.abs(a), limit), j = f32x4.gt(f32x4.abs(b), limit);
  let active = i32x4.add(i, j);
  const k = three ? f32x4.gt(f32x4.abs(c), limit) : zero;
  if (three) active = i32x4.add(active, k);
  // `active` counts down from 0.
  const lone = i32x4.eq(active, i32x4.splat(-1));
  const size = f32x4.convert_i32x4_s(i32x4.neg(active));
  let sum = f32x4.add(zero, v128.and(i, shareOf(a, u, size, lone)));
  sum = f32x4.add(sum, v128.and(j, shareOf(b, v, size, lone)));
  if (three) sum = f32x4.add(sum, v128.and(k, shareOf(c, w, size, lone)));
  v128.store(out + at, sum);
}

@inline
function mergeLoop(
  three: bool, list: usize, alone: usize, epsilon: f32, out: usize, count: i32,
): void {
  const x = vectorAt(list, 0), y = vectorAt(list, 1), z = three ? vectorAt(list, 2) : 0;
  const u = weightAt(alone, 0), v = weightAt(alone, 1), w = three ? weightAt(alone, 2) : u;
  const limit = f32x4.splat(epsilon);
  for (let i = 0; i < count; i += 4) mergeAt(three, x, y, z, u, v, w, limit, out, <usize>i << 2);
}

export function mergeOverlapOfTwo(
  list: usize, alone: usize, epsilon: f32, out: usize, count: i32,
): void {
  mergeLoop(false, list, alone, epsilon, out, count);
}

export function mergeOverlapOfThree(
  list: usize, alone: usize, epsilon: f32, out: usize, count: i32,
): void {
  mergeLoop(true, list, alone, epsilon, out, count);
}
