import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TensorEntry } from '../../src/checkpoint/checkpoint.ts';
import { isContiguous, readStrided } from '../../src/checkpoint/strided.ts';
import type { Dtype } from '../../src/tensor/dtype.ts';

const WIDTHS = { F64: 8, F32: 4, BF16: 2, U8: 1 } as const satisfies Partial<Record<Dtype, number>>;
type TestDtype = keyof typeof WIDTHS;

interface View {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

function entryOf(view: View, dtype: TestDtype, byteOffset: number): TensorEntry {
  return { name: 'x', dtype, file: 0, byteOffset, ...view };
}

function countOf(view: View): number {
  return view.shape.reduce((product, size) => product * size, 1);
}

function spanOf({ shape, strides }: View): number {
  return shape.reduce((span, size, i) => span + Math.max(size - 1, 0) * strides[i]!, 1);
}

/** Offset in elements of the row-major element `index`. */
function sourceOf({ shape, strides }: View, index: number): number {
  let rest = index;
  let source = 0;
  for (let i = shape.length - 1; i >= 0; i--) {
    source += (rest % shape[i]!) * strides[i]!;
    rest = Math.floor(rest / shape[i]!);
  }
  return source;
}

function fileOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 2654435761) >>> 13);
}

interface Reading {
  readonly bytes: Uint8Array;
  readonly reads: number;
  readonly longest: number;
}

/** Reads `[start, end)` and checks that no read leaves the view. */
function read(file: Uint8Array, entry: TensorEntry, start: number, end: number, at = 0): Reading {
  const width = WIDTHS[entry.dtype as TestDtype];
  const length = (end - start) * width;
  const target = new Uint8Array(new ArrayBuffer(length + at), at);
  const limit = entry.byteOffset + spanOf(entry as unknown as View) * width;
  let reads = 0;
  let longest = 0;
  const readBytes = (into: Uint8Array, offset: number) => {
    if (offset < entry.byteOffset || offset + into.length > limit) throw new Error('out of view');
    into.set(file.subarray(offset, offset + into.length));
    reads += 1;
    longest = Math.max(longest, into.length);
  };
  readStrided(readBytes, entry, start, end, target);
  return { bytes: target, reads, longest };
}

function naive(file: Uint8Array, entry: TensorEntry, start: number, end: number): Uint8Array {
  const width = WIDTHS[entry.dtype as TestDtype];
  const bytes = new Uint8Array((end - start) * width);
  for (let i = start; i < end; i++) {
    const from = entry.byteOffset + sourceOf(entry as unknown as View, i) * width;
    bytes.set(file.subarray(from, from + width), (i - start) * width);
  }
  return bytes;
}

/** Any small strides: zero, overlapping, gapped and permuted views alike. */
const anyView: fc.Arbitrary<View> = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 40 })), {
    maxLength: 5,
  })
  .map((dims) => ({
    shape: dims.map(([size]) => size),
    strides: dims.map(([, stride]) => stride),
  }));

/** Permutations of a contiguous tensor, the commonest views. */
const permutedView: fc.Arbitrary<View> = fc
  .array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 })
  .chain((sizes) => {
    const dims = sizes.map((size, i) => ({
      size,
      stride: sizes.slice(i + 1).reduce((product, each) => product * each, 1),
    }));
    return fc.shuffledSubarray(dims, { minLength: dims.length }).map((order) => ({
      shape: order.map(({ size }) => size),
      strides: order.map(({ stride }) => stride),
    }));
  });

/** Dimensions far apart, which are not read in one run. */
const farView: fc.Arbitrary<View> = permutedView.map(({ shape, strides }) => ({
  shape,
  strides: strides.map((stride) => (stride > 20 ? stride * 40 : stride)),
}));

describe('readStrided', () => {
  it('equals a gather element by element', () => {
    fc.assert(
      fc.property(
        fc.oneof(anyView, permutedView, farView),
        fc.constantFrom<TestDtype>('F64', 'F32', 'BF16', 'U8'),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 9 }),
        (view, dtype, a, b, misalignment) => {
          const entry = entryOf(view, dtype, misalignment);
          const file = fileOf(misalignment + spanOf(view) * WIDTHS[dtype]);
          const bounds = [a, b].map((part) => Math.round(part * countOf(view)));
          const start = Math.min(...bounds);
          const end = Math.max(...bounds);
          const { bytes } = read(file, entry, start, end, misalignment);
          expect(Buffer.compare(bytes, naive(file, entry, start, end))).toBe(0);
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('reads a transposed matrix in runs, within bounded memory', () => {
    const view = { shape: [600, 1200], strides: [1, 2048] };
    const file = fileOf(spanOf(view) * 4);
    const { bytes, reads, longest } = read(file, entryOf(view, 'F32', 0), 6000, 606_001);
    expect(Buffer.compare(bytes, naive(file, entryOf(view, 'F32', 0), 6000, 606_001))).toBe(0);
    expect(reads).toBeLessThan(5000);
    expect(longest).toBeLessThanOrEqual(2 ** 20);
  });

  it('splits runs longer than the scratch', () => {
    const view = { shape: [3, 500_000], strides: [1, 3] };
    const file = fileOf(spanOf(view) * 2);
    const { bytes, reads, longest } = read(file, entryOf(view, 'BF16', 0), 1, 1_400_000);
    expect(Buffer.compare(bytes, naive(file, entryOf(view, 'BF16', 0), 1, 1_400_000))).toBe(0);
    expect(longest).toBeLessThanOrEqual(2 ** 20);
    expect(reads).toBeLessThan(32);
  });

  it('reads rows with gaps straight into the target', () => {
    const view = { shape: [10, 100_000], strides: [300_000, 1] };
    const file = fileOf(spanOf(view));
    const { bytes, reads } = read(file, entryOf(view, 'U8', 0), 0, 1_000_000);
    expect(Buffer.compare(bytes, naive(file, entryOf(view, 'U8', 0), 0, 1_000_000))).toBe(0);
    expect(reads).toBe(10);
  });

  it('reads an expanded scalar once', () => {
    const view = { shape: [1000, 1000], strides: [0, 0] };
    const { bytes, reads } = read(fileOf(4), entryOf(view, 'F32', 0), 5, 900_000);
    expect(reads).toBeLessThanOrEqual(3);
    expect(Buffer.from(bytes.subarray(-4)).equals(fileOf(4))).toBe(true);
  });

  it('reads contiguous and 0-d tensors in one read, and empty ones in none', () => {
    const plain: TensorEntry = { name: 'x', dtype: 'F32', shape: [4], file: 0, byteOffset: 8 };
    const target = new Uint8Array(8);
    readStrided((into, offset) => into.fill(offset), plain, 1, 3, target);
    expect([...target]).toEqual(Array(8).fill(12));
    expect(read(fileOf(8), entryOf({ shape: [], strides: [] }, 'F32', 0), 0, 1).reads).toBe(1);
    expect(read(fileOf(8), entryOf({ shape: [0, 3], strides: [1, 9] }, 'F32', 0), 0, 0).reads).toBe(
      0,
    );
  });

  it('refuses a target or a range that does not fit', () => {
    const entry = entryOf({ shape: [2, 2], strides: [1, 2] }, 'F32', 0);
    const nothing = () => {};
    expect(() => readStrided(nothing, entry, 0, 4, new Uint8Array(15))).toThrow(
      /elements 0 to 4 of 4/,
    );
    expect(() => readStrided(nothing, entry, 0, 5, new Uint8Array(20))).toThrow(
      /elements 0 to 5 of 4/,
    );
  });
});

describe('isContiguous', () => {
  it('ignores strides of dimensions of size 1 and of empty tensors', () => {
    expect(isContiguous([2, 1, 3], [3, 77, 1])).toBe(true);
    expect(isContiguous([0, 3], [9, 9])).toBe(true);
    expect(isContiguous([], [])).toBe(true);
    expect(isContiguous([3, 2], [1, 3])).toBe(false);
    expect(isContiguous([2, 2], [0, 1])).toBe(false);
  });
});
