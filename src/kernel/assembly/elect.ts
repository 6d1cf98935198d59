// Rules by which several task vectors agree on one value per element.
// Tiles are padded to whole vectors, so these kernels may read and write up to the next multiple
// of four. Twins: ../scalar/elect.ts.

import { electSignOfThree, electSignOfTwo, varianceOfThree, varianceOfTwo } from './electFew';
import { vectorAt, weightAt } from './elementwise';
import { mergeOverlapOfThree, mergeOverlapOfTwo } from './overlapFew';

/**
 * Sign election (TIES, Yadav et al. 2023): sign = sign of sum_i votes[i] d_i, zero counting as +;
 * out = sum of weights[i] d_i over the i whose votes[i] d_i has that sign, divided, if `normalize`,
 * by the sum of their weights (a sum of 0 divides by 1).
 */
export function electSign(
  list: usize, votes: usize, weights: usize, k: i32, normalize: i32, out: usize, count: i32,
): void {
  if (k == 2) return electSignOfTwo(list, votes, weights, normalize, out, count);
  if (k == 3) return electSignOfThree(list, votes, weights, normalize, out, count);
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  for (let i = 0; i < count; i += 4) {
    const at = <usize>i << 2;
    let balance = zero;
    for (let m = 0; m < k; m++) {
      const d = v128.load(vectorAt(list, m) + at);
      balance = f32x4.add(balance, f32x4.mul(d, weightAt(votes, m)));
    }
    const negative = f32x4.lt(balance, zero);
    let sum = zero, divisor = zero;
    for (let m = 0; m < k; m++) {
      const d = v128.load(vectorAt(list, m) + at);
      const w = weightAt(weights, m);
      const vote = f32x4.mul(d, weightAt(votes, m));
      const agrees = v128.bitselect(f32x4.lt(vote, zero), f32x4.gt(vote, zero), negative);
      sum = f32x4.add(sum, v128.and(agrees, f32x4.mul(d, w)));
      divisor = f32x4.add(divisor, v128.and(agrees, w));
    }
    if (normalize) {
      sum = f32x4.div(sum, v128.bitselect(one, divisor, f32x4.eq(divisor, zero)));
    }
    v128.store(out + at, sum);
  }
}

/**
 * RAM (reinforced agent merging): the mean, added up as sum_i d_i / n, of the n d_i with
 * |d_i| > epsilon, nothing if there is none; a d_i that stands alone is multiplied by alone[i].
 */
export function mergeOverlap(
  list: usize, alone: usize, k: i32, epsilon: f32, out: usize, count: i32,
): void {
  if (k == 2) return mergeOverlapOfTwo(list, alone, epsilon, out, count);
  if (k == 3) return mergeOverlapOfThree(list, alone, epsilon, out, count);
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const limit = f32x4.splat(epsilon);
  for (let i = 0; i < count; i += 4) {
    const at = <usize>i << 2;
    let active = zero;
    for (let m = 0; m < k; m++) {
      const moved = f32x4.gt(f32x4.abs(v128.load(vectorAt(list, m) + at)), limit);
      active = f32x4.add(active, v128.and(moved, one));
    }
    const lone = f32x4.eq(active, one);
    let sum = zero;
    for (let m = 0; m < k; m++) {
      const d = v128.load(vectorAt(list, m) + at);
      const moved = f32x4.gt(f32x4.abs(d), limit);
      const amplified = f32x4.mul(d, weightAt(alone, m));
      const share = v128.bitselect(amplified, f32x4.div(d, active), lone);
      sum = f32x4.add(sum, v128.and(moved, share));
    }
    v128.store(out + at, sum);
  }
}

/**
 * For each vector of the list adds to counts[2m] the elements that it alone moves by more than
 * epsilon, and to counts[2m + 1] those that it moves together with others (float64 counters).
 */
export function countOverlap(list: usize, k: i32, epsilon: f32, counts: usize, count: i32): void {
  const limit = f32x4.splat(epsilon);
  const whole = count & ~3;
  for (let m = 0; m < k; m++) {
    const own = vectorAt(list, m);
    let alone = i32x4.splat(0), shared = i32x4.splat(0);
    for (let i = 0; i < whole; i += 4) {
      const at = <usize>i << 2;
      let others = i32x4.splat(0);
      for (let n = 0; n < k; n++) {
        if (n == m) continue;
        others = v128.or(others, f32x4.gt(f32x4.abs(v128.load(vectorAt(list, n) + at)), limit));
      }
      const moved = f32x4.gt(f32x4.abs(v128.load(own + at)), limit);
      shared = i32x4.sub(shared, v128.and(moved, others));
      alone = i32x4.sub(alone, v128.andnot(moved, others));
    }
    const slot = counts + (m << 4);
    store<f64>(slot, load<f64>(slot) + <f64>lanes(alone));
    store<f64>(slot, load<f64>(slot, 8) + <f64>lanes(shared), 8);
  }
  for (let i = whole; i < count; i++) countOne(list, k, epsilon, counts, i);
}

@inline
function lanes(x: v128): i32 {
  return i32x4.extract_lane(x, 0) + i32x4.extract_lane(x, 1) +
    i32x4.extract_lane(x, 2) + i32x4.extract_lane(x, 3);
}

function countOne(list: usize, k: i32, epsilon: f32, counts: usize, i: i32): void {
  const at = <usize>i << 2;
  let active = 0;
  for (let m = 0; m < k; m++) {
    active += <i32>(abs(load<f32>(vectorAt(list, m) + at)) > epsilon);
  }
  for (let m = 0; m < k; m++) {
    if (!(abs(load<f32>(vectorAt(list, m) + at)) > epsilon)) continue;
    const slot = counts + (m << 4) + (active > 1 ? 8 : 0);
    store<f64>(slot, load<f64>(slot) + 1);
  }
}

/** out = population variance over the k vectors, element by element */
export function variance(list: usize, k: i32, out: usize, count: i32): void {
  if (k == 2) return varianceOfTwo(list, out, count);
  if (k == 3) return varianceOfThree(list, out, count);
  const zero = f32x4.splat(0);
  const size = f32x4.splat(<f32>k);
  for (let i = 0; i < count; i += 4) {
    const at = <usize>i << 2;
    let sum = zero;
    for (let m = 0; m < k; m++) sum = f32x4.add(sum, v128.load(vectorAt(list, m) + at));
    const mean = f32x4.div(sum, size);
    let squares = zero;
    for (let m = 0; m < k; m++) {
      const distance = f32x4.sub(v128.load(vectorAt(list, m) + at), mean);
      squares = f32x4.add(squares, f32x4.mul(distance, distance));
    }
    v128.store(out + at, f32x4.div(squares, size));
  }
}
