// Elementwise float32 arithmetic over tiles. A list of vectors is an array of k pointers in memory,
// a list of weights an array of k float32. Every operation rounds; there is no fused multiply-add,
// so that the scalar twins agree bit for bit. Twins: ../scalar/elementwise.ts.

@inline
export function vectorAt(list: usize, index: i32): usize {
  return <usize>load<u32>(list + (index << 2));
}

@inline
export function weightAt(list: usize, index: i32): v128 {
  return v128.load32_splat(list + (index << 2));
}

/** out = x * weight */
export function scale(x: usize, weight: f32, out: usize, count: i32): void {
  const w = f32x4.splat(weight);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    v128.store(out + (i << 2), f32x4.mul(v128.load(x + (i << 2)), w));
  }
  for (; i < count; i++) store<f32>(out + (i << 2), load<f32>(x + (i << 2)) * weight);
}

/** out = x / divisor */
export function divide(x: usize, divisor: f32, out: usize, count: i32): void {
  const d = f32x4.splat(divisor);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    v128.store(out + (i << 2), f32x4.div(v128.load(x + (i << 2)), d));
  }
  for (; i < count; i++) store<f32>(out + (i << 2), load<f32>(x + (i << 2)) / divisor);
}

/** out = out + x * weight */
export function addScaled(x: usize, weight: f32, out: usize, count: i32): void {
  const w = f32x4.splat(weight);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const sum = f32x4.add(v128.load(out + (i << 2)), f32x4.mul(v128.load(x + (i << 2)), w));
    v128.store(out + (i << 2), sum);
  }
  for (; i < count; i++) {
    store<f32>(out + (i << 2), load<f32>(out + (i << 2)) + load<f32>(x + (i << 2)) * weight);
  }
}

/** out = x - y */
export function subtract(x: usize, y: usize, out: usize, count: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    v128.store(out + (i << 2), f32x4.sub(v128.load(x + (i << 2)), v128.load(y + (i << 2))));
  }
  for (; i < count; i++) {
    store<f32>(out + (i << 2), load<f32>(x + (i << 2)) - load<f32>(y + (i << 2)));
  }
}

/**
 * out = sum_i weights[i] * x_i, from left to right, k >= 1. `out` may be one of the first three
 * vectors, not a later one.
 */
export function weightedSum(list: usize, weights: usize, k: i32, out: usize, count: i32): void {
  if (k == 1) return scale(vectorAt(list, 0), load<f32>(weights), out, count);
  let done: i32;
  if (k == 2) {
    sumTwo(list, weights, out, count);
    done = 2;
  } else {
    sumThree(list, weights, out, count);
    done = 3;
  }
  for (; done < k; done++) {
    addScaled(vectorAt(list, done), load<f32>(weights + (done << 2)), out, count);
  }
}

function sumTwo(list: usize, weights: usize, out: usize, count: i32): void {
  const a = vectorAt(list, 0), b = vectorAt(list, 1);
  const u = weightAt(weights, 0), v = weightAt(weights, 1);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const at = <usize>i << 2;
    const first = f32x4.mul(v128.load(a + at), u);
    v128.store(out + at, f32x4.add(first, f32x4.mul(v128.load(b + at), v)));
  }
  const s = load<f32>(weights), t = load<f32>(weights, 4);
  for (; i < count; i++) {
    const at = <usize>i << 2;
    store<f32>(out + at, load<f32>(a + at) * s + load<f32>(b + at) * t);
  }
}

function sumThree(list: usize, weights: usize, out: usize, count: i32): void {
  const a = vectorAt(list, 0), b = vectorAt(list, 1), c = vectorAt(list, 2);
  const u = weightAt(weights, 0), v = weightAt(weights, 1), w = weightAt(weights, 2);
  let i = 0;
  for (; i + 4 <= count; i += 4) {
    const at = <usize>i << 2;
    const two = f32x4.add(f32x4.mul(v128.load(a + at), u), f32x4.mul(v128.load(b + at), v));
    v128.store(out + at, f32x4.add(two, f32x4.mul(v128.load(c + at), w)));
  }
  const r = load<f32>(weights), s = load<f32>(weights, 4), t = load<f32>(weights, 8);
  for (; i < count; i++) {
    const at = <usize>i << 2;
    const two = load<f32>(a + at) * r + load<f32>(b + at) * s;
    store<f32>(out + at, two + load<f32>(c + at) * t);
  }
}

/** out = sum_i coefficients_i * x_i, where each coefficients_i is a vector of the tile's length */
export function weightedSumByElement(
  list: usize, coefficients: usize, k: i32, out: usize, count: i32,
): void {
  for (let m = 0; m < k; m++) {
    const x = vectorAt(list, m), c = vectorAt(coefficients, m);
    let i = 0;
    for (; i + 4 <= count; i += 4) {
      const at = <usize>i << 2;
      const term = f32x4.mul(v128.load(x + at), v128.load(c + at));
      v128.store(out + at, m == 0 ? term : f32x4.add(v128.load(out + at), term));
    }
    for (; i < count; i++) {
      const at = <usize>i << 2;
      const term = load<f32>(x + at) * load<f32>(c + at);
      store<f32>(out + at, m == 0 ? term : load<f32>(out + at) + term);
    }
  }
}

/** s = min(1, t / |base - x|), 0/0 being 1; out = (1 - s) base + s x; padded to a multiple of four */
export function nearswap(base: usize, x: usize, t: f32, out: usize, count: i32): void {
  const one = f32x4.splat(1);
  const limit = f32x4.splat(t);
  let i = 0;
  for (; i < count; i += 4) {
    const at = <usize>i << 2;
    const b = v128.load(base + at), v = v128.load(x + at);
    const ratio = f32x4.div(limit, f32x4.abs(f32x4.sub(b, v)));
    const swap = v128.bitselect(ratio, one, f32x4.lt(ratio, one));
    const kept = f32x4.mul(f32x4.sub(one, swap), b);
    v128.store(out + at, f32x4.add(kept, f32x4.mul(swap, v)));
  }
}
