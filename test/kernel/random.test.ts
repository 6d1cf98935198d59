import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RANDOM_SCRATCH_BYTES } from '../../src/kernel/kernels.ts';
import { type Block, type Key, philoxBlock } from '../../src/kernel/scalar/random.ts';
import { memory, module, openArena, runBoth, runOn, scalar64, type Values } from './arena.ts';
import { uniform } from './values.ts';

const word = fc.nat(0xffffffff);
const key = fc.tuple(word, word);
/** Tensors of up to 2^35 elements; half of the tiles begin at a group, where SIMD is at its best. */
const start = fc.oneof(
  fc.nat(200),
  fc.integer({ min: 0, max: 2 ** 30 - 64 }).map((group) => group * 32),
  fc.nat(2 ** 34),
);

/** Upper and lower sixteen bits of an element's draw, by the layout that random.ts documents. */
function drawOf(element: number, [low, high]: Key): number {
  const group = Math.floor(element / 32);
  const place = element % 32;
  const bits = [0, 1].map((level) => {
    const block = philoxBlock([(4 * group + (place % 4)) >>> 0, 0, level, 0], [low, high]);
    return (block[place >> 3]! >>> (place & 4 ? 16 : 0)) & 0xffff;
  });
  return bits[0]! * 65536 + bits[1]!;
}

function isPhilox(value: unknown): value is (...numbers: number[]) => void {
  return typeof value === 'function';
}

function simdBlocks([low, high]: Key, block: number, level: number): Block[] {
  const { philox } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  if (!isPhilox(philox)) throw new Error('the kernels do not export philox');
  philox(low, high, block, level, 64);
  const words = new Uint32Array(memory.buffer, 64, 16).slice();
  return [0, 1, 2, 3].map((b) => [words[b]!, words[4 + b]!, words[8 + b]!, words[12 + b]!]);
}

describe('Philox4x32-7', () => {
  // From kat_vectors of Random123, the authors' library.
  it.each<[Block, Key, Block]>([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x5f6fb709, 0x0d893f64, 0x4f121f81, 0x4f730a48],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x5207ddc2, 0x45165e59, 0x4d8ee751, 0x8c52f662],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0x4dfccaba, 0x190a87f0, 0xc47362ba, 0xb6b5242a],
    ],
  ])('gives the published answer for counter %j', (counter, published, answer) => {
    expect(philoxBlock(counter, published)).toEqual(answer);
  });

  it('is the same in SIMD', () => {
    expect(simdBlocks([0, 0], 0, 0)[0]).toEqual([0x5f6fb709, 0x0d893f64, 0x4f121f81, 0x4f730a48]);
    fc.assert(
      fc.property(key, word, fc.nat(1), (k, block, level) => {
        const wanted = [0, 1, 2, 3].map((b) =>
          philoxBlock([(block + b) >>> 0, 0, level, 0], k as Key),
        );
        expect(simdBlocks(k as Key, block, level)).toEqual(wanted);
      }),
    );
  });
});

function weigh(x: Values, chances: Values, [low, high]: Key, first: number, divide = 1): Values {
  const arena = openArena();
  const at = arena.result(x);
  const by = arena.input(chances);
  const words = arena.scratch(RANDOM_SCRATCH_BYTES);
  const { results } = runBoth(arena, (kernels) =>
    kernels.dropByProbability(at, by, low, high, first, words, divide, x.length),
  );
  return results[0]!;
}

const ramp = (count: number) => Float32Array.from({ length: count }, (_, j) => j + 1);

describe('dropByProbability', () => {
  const chance = fc.oneof(
    { weight: 6, arbitrary: fc.float({ min: 0, max: 1, noNaN: true }) },
    { weight: 1, arbitrary: fc.constantFrom(0, 1, 0.5, 2 ** -16, 2 ** -40, 2 ** -149) },
    { weight: 1, arbitrary: fc.constantFrom(Number.NaN, 1.0000001192092896) },
  );

  it('leaves the kept elements as they are when not asked to divide', () => {
    const p = Float32Array.from({ length: 500 }, (_, j) => 0.1 + (0.8 * j) / 499);
    const divided = weigh(ramp(500), p, [3, 4], 32);
    const plain = weigh(ramp(500), p, [3, 4], 32, 0);
    plain.forEach((value, j) => {
      expect(value).toBe(divided[j] === 0 ? 0 : j + 1);
    });
  });

  it('agrees, at any start', () => {
    const chances = fc.nat(200).chain((n) => fc.array(chance, { minLength: n, maxLength: n }));
    fc.assert(
      fc.property(key, start, chances, word, (k, first, list, pick) => {
        const p = Float32Array.from(list);
        for (let j = pick % 7; j < p.length; j += 20) {
          p[j] = drawOf(first + j, k as Key) / 2 ** 32;
        }
        const weighed = weigh(ramp(p.length), p, k as Key, first);
        // A draw is an integer, so a probability counts down to the 2^-32.
        const wanted = ramp(p.length).map((x, j) =>
          drawOf(first + j, k as Key) < Math.floor(p[j]! * 2 ** 32) ? x / p[j]! : 0,
        );
        expect(weighed).toEqual(wanted);
      }),
      { numRuns: 150 },
    );
  });

  it('is one and the same over any split into tiles', () => {
    const next = uniform(3);
    const p = Float32Array.from({ length: 300 }, next);
    const whole = weigh(ramp(300), p, [1, 2], 1000);
    for (const cut of [1, 24, 88, 89, 152, 299]) {
      const left = weigh(ramp(300).slice(0, cut), p.slice(0, cut), [1, 2], 1000);
      const right = weigh(ramp(300).slice(cut), p.slice(cut), [1, 2], 1000 + cut);
      expect(Float32Array.of(...left, ...right)).toEqual(whole);
    }
  });

  it('in float64 keeps the same elements and divides by the float64 probability', () => {
    const arena = openArena();
    const x = arena.result(new Float64Array(100).fill(1));
    const p = arena.input(new Float64Array(100).fill(0.3));
    const words = arena.scratch(RANDOM_SCRATCH_BYTES);
    const { results } = runOn(scalar64, arena, (kernels) =>
      kernels.dropByProbability(x, p, 5, 6, 0, words, 1, 100),
    );
    const kept = Array.from({ length: 100 }, (_, j) => drawOf(j, [5, 6]) < 0.3 * 2 ** 32);
    expect(results[0]).toEqual(Float64Array.from(kept, (isKept) => (isKept ? 1 / 0.3 : 0)));
  });
});
