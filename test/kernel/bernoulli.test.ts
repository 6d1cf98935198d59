/** One probability for all elements: SIMD = scalar = the draws' bits, in any tiles, at their rate. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RANDOM_SCRATCH_BYTES } from '../../src/kernel/kernels.ts';
import { type Key, philoxBlock } from '../../src/kernel/scalar/random.ts';
import { memory, openArena, runBoth, simd, type Values } from './arena.ts';

const word = fc.nat(0xffffffff);
const key = fc.tuple(word, word);
/** Tensors of up to 2^35 elements; most tiles begin at a run or at eight elements. */
const start = fc.oneof(
  fc.nat(3000),
  fc.nat(2 ** 21).map((run) => run * 1024),
  fc.nat(2 ** 30).map((eight) => eight * 8),
  fc.nat(2 ** 34),
);

/** All 32 bits of an element's draw, by the layout that bernoulli.ts documents. */
function drawOf(element: number, key: Key): number {
  const block = Math.floor(element / 512) * 4 + (Math.floor(element / 32) % 4);
  const word = Math.floor((element % 512) / 128);
  let draw = 0;
  for (let level = 0; level < 32; level++) {
    const drawn = philoxBlock([block >>> 0, 0, level, 0], key)[word]!;
    draw = draw * 2 + ((drawn >>> (element % 32)) & 1);
  }
  return draw;
}

function drop(x: Values, [low, high]: Key, first: number, threshold: number): Values {
  const arena = openArena();
  const at = arena.result(x);
  const words = arena.scratch(RANDOM_SCRATCH_BYTES);
  const { results } = runBoth(arena, (kernels) =>
    kernels.dropRandomly(at, low, high, first, threshold, words, x.length),
  );
  return results[0]!;
}

const ramp = (count: number) => Float32Array.from({ length: count }, (_, j) => j + 1);

describe('dropRandomly', () => {
  it('agrees, at any start, also where the last bit decides', () => {
    const lengths = fc.oneof(fc.nat(5), fc.nat(70), fc.nat(300), fc.constant(1100));
    fc.assert(
      fc.property(key, start, lengths, word, word, (k, first, count, pick, any) => {
        const tie = drawOf(first + (pick % Math.max(1, count)), k as Key);
        const thresholds = [any, 0, 0xffffffff, 2 ** 31, tie, (tie + 1) % 2 ** 32];
        for (const threshold of thresholds) {
          const kept = drop(ramp(count), k as Key, first, threshold);
          const wanted = ramp(count).map((x, j) =>
            drawOf(first + j, k as Key) < threshold ? x : 0,
          );
          expect(kept).toEqual(wanted);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('is one and the same over any split into tiles', () => {
    const cuts = fc.uniqueArray(fc.nat(1000), { maxLength: 8 });
    fc.assert(
      fc.property(key, start, word, cuts, (k, first, threshold, places) => {
        const whole = drop(ramp(1000), k as Key, first, threshold);
        const bounds = [0, ...places.sort((a, b) => a - b), 1000];
        for (const [index, from] of bounds.slice(0, -1).entries()) {
          const part = ramp(1000).subarray(from, bounds[index + 1]);
          const kept = drop(part.slice(), k as Key, first + from, threshold);
          expect(kept).toEqual(whole.slice(from, bounds[index + 1]));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('keeps NaN and infinity as they are, and drops them to zero', () => {
    const x = Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, -0);
    expect(drop(x, [1, 2], 0, 0)).toEqual(new Float32Array(3));
    expect(drop(x, [1, 2], 0, 0xffffffff)).toEqual(x);
  });

  /** Which of `count` elements stay, in tiles over the tensor. */
  function keptOf(count: number, threshold: number): Uint8Array {
    const kept = new Uint8Array(count);
    const live = new Float32Array(memory.buffer, 1024, 1 << 16);
    for (let first = 0; first < count; first += live.length) {
      live.fill(1);
      simd.dropRandomly(1024, 0xdeadbeef, 42, first, threshold, 64, live.length);
      kept.set(Uint8Array.from(live), first);
    }
    return kept;
  }

  /** Five standard deviations of a binomial count: one failure in 1.7 million were it redrawn. */
  function expectShare(successes: number, draws: number, p: number): void {
    expect(Math.abs(successes - draws * p)).toBeLessThan(5 * Math.sqrt(draws * p * (1 - p)));
  }

  it.each([0.1, 0.5, 0.7, 0.99])('keeps a share of %d, neighbours independent', (p) => {
    const count = 1 << 20;
    const kept = keptOf(count, p * 2 ** 32);
    const total = kept.reduce((sum, bit) => sum + bit, 0);
    expectShare(total, count, p);
    for (const distance of [1, 4, 8, 32, 128, 512]) {
      let pairs = 0;
      let both = 0;
      for (let j = 0; j + distance < count; j += 2 * distance) {
        for (let i = j; i < Math.min(j + distance, count - distance); i++) {
          pairs++;
          both += kept[i]! & kept[i + distance]!;
        }
      }
      expectShare(both, pairs, p * p);
    }
  });

  it('keeps rare elements at their rate, which the lower bits decide', () => {
    const count = 1 << 22;
    const kept = keptOf(count, 1 << 14);
    expectShare(
      kept.reduce((sum, bit) => sum + bit, 0),
      count,
      2 ** -18,
    );
  });
});
