// mergeOverlap for two and for three vectors: as electFew.ts, for elect.ts's rule of that name.

import { vectorAt, weightAt } from './elementwise';

@inline
function mergeAt(
  three: bool, x: usize, y: usize, z: usize, u: v128, v: v128, w: v128, limit: v128,
  out: usize, at: usize,
): void {
  const zero = f32x4.splat(0);
  const a = v128.load(x + at), b = v128.load(y + at);
  const c = three ? v128.load(z + at) : zero;
  const i = f32x4.gt(f32x4.abs(a), limit), j = f32x4.gt(f32x4.abs(b), limit);
  // One that stands alone is the sum, and its factor the sum of the factors that moved.
  let sum = f32x4.add(f32x4.add(zero, v128.and(i, a)), v128.and(j, b));
  let factor = f32x4.add(v128.and(i, u), v128.and(j, v));
  let active = i32x4.add(i, j);
  if (three) {
    const k = f32x4.gt(f32x4.abs(c), limit);
    sum = f32x4.add(sum, v128.and(k, c));
    factor = f32x4.add(factor, v128.and(k, w));
    active = i32x4.add(active, k);
  }
  // `active` counts down from 0; none divides by one, as one does.
  const single = i32x4.eq(active, i32x4.splat(-1));
  const size = f32x4.convert_i32x4_s(i32x4.abs(i32x4.min_s(active, i32x4.splat(-1))));
  const mean = f32x4.div(sum, size);
  const alone = f32x4.add(f32x4.mul(sum, factor), zero);
  v128.store(out + at, v128.bitselect(alone, mean, single));
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
