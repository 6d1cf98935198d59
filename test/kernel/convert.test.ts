import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScalarKernels } from '../../src/kernel/scalar.ts';
import type { MergeableDtype } from '../../src/tensor/dtype.ts';
import { memory, openArena, runBoth, runOn, scalar, scalar64, simd, type Values } from './arena.ts';
import { tile } from './values.ts';

const HALVES = ['F16', 'BF16'] as const;
const ALL_HALVES = Uint16Array.from({ length: 65536 }, (_, half) => half);

/** What a half stands for, by the definition of the format. */
function halfValue(half: number, dtype: 'F16' | 'BF16'): number {
  const fractionBits = dtype === 'F16' ? 10 : 7;
  const bias = dtype === 'F16' ? 15 : 127;
  const sign = half >> 15 ? -1 : 1;
  const field = (half & 0x7fff) >> fractionBits;
  const fraction = (half & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  if (field === 2 * bias + 1) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (field === 0) return sign * fraction * 2 ** (1 - bias);
  return sign * (1 + fraction) * 2 ** (field - bias);
}

function decodeAll(dtype: MergeableDtype, source: Values, misalign = 0): Float32Array {
  const arena = openArena();
  const from = arena.input(source, misalign);
  const to = arena.result(new Float32Array(source.length));
  return runBoth(arena, (kernels) => kernels.decode(dtype, from, to, source.length))
    .results[0] as Float32Array;
}

function encodeAll(dtype: MergeableDtype, source: Float32Array, target: Values, misalign = 0) {
  const arena = openArena();
  const from = arena.input(source);
  const to = arena.result(target, { misalign });
  return runBoth(arena, (kernels) => kernels.encode(dtype, from, to, source.length)).results[0]!;
}

function encode64(dtype: MergeableDtype, source: Float64Array, target: Values): Values {
  const arena = openArena();
  const from = arena.input(source);
  const to = arena.result(target);
  return runOn(scalar64, arena, (kernels) => kernels.encode(dtype, from, to, source.length))
    .results[0]!;
}

/** The half nearest to x >= 0 among all, ties to the even one, by search; NaN excluded. */
function nearestHalf(x: number, dtype: 'F16' | 'BF16'): number {
  const infinity = dtype === 'F16' ? 0x7c00 : 0x7f80;
  let low = 0;
  let high = infinity;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (halfValue(middle, dtype) <= x) low = middle;
    else high = middle;
  }
  // Infinity rounds as if it were the next power of two.
  const above =
    high === infinity
      ? 2 * halfValue(infinity - (dtype === 'F16' ? 1024 : 128), dtype)
      : halfValue(high, dtype);
  const middle = halfValue(low, dtype) / 2 + above / 2;
  if (x === middle) return low % 2 === 0 ? low : high;
  return x < middle ? low : high;
}

describe.each(HALVES)('%s', (dtype) => {
  it('decodes every bit pattern by the definition', () => {
    const values = decodeAll(dtype, ALL_HALVES);
    for (const half of ALL_HALVES) {
      if (!Object.is(values[half], halfValue(half, dtype))) {
        expect.fail(`${half.toString(16)}: ${values[half]}, not ${halfValue(half, dtype)}`);
      }
    }
  });

  it('encodes every decoded pattern to itself, NaN to the one quiet NaN', () => {
    const quiet = dtype === 'F16' ? 0x7e00 : 0x7fc0;
    const halves = encodeAll(dtype, decodeAll(dtype, ALL_HALVES), new Uint16Array(65536));
    for (const half of ALL_HALVES) {
      const wanted = Number.isNaN(halfValue(half, dtype)) ? quiet : half;
      if (halves[half] !== wanted) expect.fail(`${half.toString(16)}: ${halves[half]}`);
    }
  });

  it('rounds to the nearest around every boundary, ties to even', () => {
    const infinity = dtype === 'F16' ? 0x7c00 : 0x7f80;
    const points: number[] = [];
    const bits = new Uint32Array(1);
    const float = new Float32Array(bits.buffer);
    for (let half = 0; half <= infinity; half++) {
      const next =
        half + 1 < infinity ? halfValue(half + 1, dtype) : 2 * halfValue(infinity - 1, dtype);
      float[0] = Math.min(halfValue(half, dtype) / 2 + next / 2, 3.4028234663852886e38);
      const middle = bits[0]!;
      for (const near of [middle - 1, middle, middle + 1]) {
        bits[0] = Math.max(0, near);
        points.push(float[0]!, -float[0]!);
      }
    }
    const halves = encodeAll(dtype, Float32Array.from(points), new Uint16Array(points.length));
    for (const [j, x] of points.entries()) {
      const wanted =
        nearestHalf(Math.abs(x), dtype) |
        (Object.is(Math.sign(x), -1) || Object.is(x, -0) ? 0x8000 : 0);
      if (halves[j] !== wanted)
        expect.fail(`${x}: ${halves[j]!.toString(16)}, not ${wanted.toString(16)}`);
    }
  });

  it('rounds float64 once, where float32 in between would round twice', () => {
    const points: number[] = [];
    const infinity = dtype === 'F16' ? 0x7c00 : 0x7f80;
    for (let half = 0; half < infinity - 1; half += 7) {
      const middle = halfValue(half, dtype) / 2 + halfValue(half + 1, dtype) / 2;
      for (const near of [middle * (1 - 2 ** -50), middle, middle * (1 + 2 ** -50)]) {
        points.push(near);
      }
    }
    points.push(Number.MIN_VALUE, 2 ** -1022, Number.MAX_VALUE, Number.POSITIVE_INFINITY, 1e300);
    const halves = encode64(dtype, Float64Array.from(points), new Uint16Array(points.length));
    for (const [j, x] of points.entries()) {
      if (halves[j] !== nearestHalf(x, dtype)) expect.fail(`${x}: ${halves[j]}`);
    }
  });

  it('is the same for any length and alignment', () => {
    fc.assert(
      fc.property(tile, fc.nat(15), (values, misalign) => {
        const halves = encodeAll(dtype, values, new Uint16Array(values.length), misalign);
        decodeAll(dtype, halves, misalign);
      }),
    );
  });
});

describe('F32 and F64', () => {
  it('copy float32 but for NaN, widen exactly, at any alignment', () => {
    fc.assert(
      fc.property(tile, fc.nat(15), (values, misalign) => {
        expect(decodeAll('F32', values, misalign)).toEqual(values);
        expect(encodeAll('F32', values, values.slice().fill(7), misalign)).toEqual(values);
        const wide = encodeAll('F64', values, new Float64Array(values.length), misalign);
        expect(wide).toEqual(Float64Array.from(values));
      }),
    );
  });

  it('write one NaN whatever its sign and payload', () => {
    const payloads = new Float32Array(
      Uint32Array.of(0x7f800001, 0xffffffff, 0x7fc12345, 0xffc00000).buffer,
    );
    const narrow = encodeAll('F32', payloads, new Uint8Array(16)) as Uint8Array;
    expect(new Uint32Array(narrow.buffer)).toEqual(new Uint32Array(4).fill(0x7fc00000));
    const wide = encodeAll('F64', payloads, new Uint8Array(32)) as Uint8Array;
    expect(new BigUint64Array(wide.buffer)).toEqual(
      new BigUint64Array(4).fill(0x7ff8000000000000n),
    );
  });

  it('pass float64 through, and round it to float32 once', () => {
    fc.assert(
      fc.property(fc.array(fc.double()), (numbers) => {
        const values = Float64Array.from(numbers);
        expect(encode64('F64', values, new Float64Array(values.length))).toEqual(values);
        const rounded = encode64('F32', values, new Float32Array(values.length));
        expect(rounded).toEqual(Float32Array.from(numbers, Math.fround));
        const arena = openArena();
        const from = arena.input(values, 3);
        const to = arena.result(new Float64Array(values.length));
        const { results } = runOn(scalar64, arena, (k) => k.decode('F64', from, to, values.length));
        expect(results[0]).toEqual(values);
      }),
    );
  });

  it('F64 is refused by the float32 kernels', () => {
    expect(() => simd.decode('F64', 64, 128, 1)).toThrow('float64 kernels');
    expect(() => scalar.decode('F64', 64, 128, 1)).toThrow('float64 kernels');
  });

  it('kernels name themselves', () => {
    expect([simd.name, scalar.name, scalar64.name]).toEqual(['simd', 'scalar', 'scalar64']);
    expect([simd, scalar, scalar64].map((k) => k.numberBytes)).toEqual([4, 4, 8]);
    expect(createScalarKernels(memory.buffer, 'float32').name).toBe('scalar');
  });
});
