import { describe, expect, it } from 'vitest';
import { generate } from '../../../src/model/generate/generate.ts';
import type { GenerationOptions } from '../../../src/model/generate/options.ts';
import { createSampler, hashTokens, uniformAt } from '../../../src/model/generate/sampler.ts';
import { hashLogits, markovLogits, toyModel } from './toyModel.ts';

/** Pearson's statistic; `limits` are its 99.9 % points by degrees of freedom. */
function chiSquare(counts: readonly number[], probabilities: readonly number[]): number {
  const n = counts.reduce((a, b) => a + b, 0);
  return counts.reduce((sum, count, i) => {
    const expected = n * probabilities[i]!;
    return expected === 0
      ? sum + (count === 0 ? 0 : 1e9)
      : sum + (count - expected) ** 2 / expected;
  }, 0);
}
const LIMIT = { 3: 16.27, 7: 24.32, 8: 26.12 };

const DRAWS = 20_000;
const NO_SAMPLING = { temperature: 1, topK: undefined, topP: undefined, minP: undefined, seed: 7 };
const P = [0.3, 0.25, 0.2, 0.1, 0.08, 0.04, 0.02, 0.01];

function countDraws(settings: Partial<Parameters<typeof createSampler>[0]>): number[] {
  const row = Float32Array.from(P, Math.log);
  const draw = createSampler({ ...NO_SAMPLING, ...settings }, P.length);
  const counts = P.map(() => 0);
  for (let step = 0; step < DRAWS; step++) counts[draw(row, { inputHash: 1, sample: 0, step })]!++;
  return counts;
}

function normalized(weights: readonly number[]): number[] {
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / total);
}

describe('frequencies of draws', () => {
  it('are the probabilities', () => {
    expect(chiSquare(countDraws({}), P)).toBeLessThan(LIMIT[7]);
  });

  it('are raised to 1 / temperature', () => {
    const expected = normalized(P.map((p) => p ** (1 / 1.5)));
    expect(chiSquare(countDraws({ temperature: 1.5 }), expected)).toBeLessThan(LIMIT[7]);
  });

  it.each([
    ['top-k', { topK: 4 }],
    // .3 + .25 + .2 < .8 <= .3 + .25 + .2 + .1
    ['top-p', { topP: 0.8 }],
    // .1 >= .3 * .3 > .08
    ['min-p', { minP: 0.3 }],
  ])('are renormalised after %s', (_, settings) => {
    const expected = normalized(P.map((p, i) => (i < 4 ? p : 0)));
    expect(chiSquare(countDraws(settings), expected)).toBeLessThan(LIMIT[3]);
  });

  it('are those of a Markov chain over whole texts', async () => {
    const chain = [
      [0.5, 0.2, 0.3],
      [0.1, 0.6, 0.3],
      [0.3, 0.3, 0.4],
    ];
    const model = toyModel(3, markovLogits(chain));
    const [found] = await generate(model, [[0]], {
      strategy: 'sample',
      hypotheses: DRAWS,
      maxNewTokens: 2,
      seed: 3,
    });
    const counts = new Array<number>(9).fill(0);
    for (const { tokens } of found!.hypotheses) counts[3 * tokens[0]! + tokens[1]!]!++;
    const expected = chain[0]!.flatMap((p, i) => chain[i]!.map((q) => p * q));
    expect(chiSquare(counts, expected)).toBeLessThan(LIMIT[8]);
  });

  it('do not depend on places that were drawn before', () => {
    const pairs = new Array<number>(64).fill(0);
    const octile = (step: number, sample: number) =>
      Math.floor(8 * uniformAt(5, { inputHash: 9, sample, step }));
    for (let i = 0; i < DRAWS; i++) pairs[8 * octile(i, 0) + octile(i, 1)]!++;
    // 99.9 % point for 63 degrees of freedom.
    expect(chiSquare(pairs, new Array(64).fill(1 / 64))).toBeLessThan(103.4);
  });
});

describe('a draw', () => {
  it('is impossible where nothing is left', () => {
    const draw = createSampler({ ...NO_SAMPLING, topK: 2, topP: 0.5, minP: 0.1 }, 3);
    const place = { inputHash: 0, sample: 0, step: 0 };
    expect(draw(new Float32Array(3).fill(Number.NEGATIVE_INFINITY), place)).toBe(-1);
    expect(draw(new Float32Array(3).fill(Number.NaN), place)).toBe(-1);
  });

  it('is keyed by seed, input, sample and step', () => {
    const place = { inputHash: 1, sample: 0, step: 0 };
    const places = [
      place,
      { ...place, inputHash: 2 },
      { ...place, sample: 1 },
      { ...place, step: 1 },
    ];
    const drawn = [...places.map((other) => uniformAt(5, other)), uniformAt(6, place)];
    expect(new Set(drawn).size).toBe(drawn.length);
    expect(drawn.every((uniform) => uniform >= 0 && uniform < 1)).toBe(true);
  });

  it('is keyed by all of the input', () => {
    const hashes = [[], [0], [0, 0], [1], [1, 0], [0, 1], [32], [31, 1]].map(hashTokens);
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

describe('a sampled text', () => {
  const model = toyModel(9, hashLogits(9, 2), { endTokens: [8] });
  const options: GenerationOptions = {
    temperature: 0.9,
    topK: 6,
    topP: 0.95,
    minP: 0.01,
    repetitionPenalty: 1.2,
    maxNewTokens: 12,
    hypotheses: 3,
    seed: 4,
  };

  it('is the same whatever the batch around it', async () => {
    const inputs = [[1], [2, 3], [4, 5, 6], [1, 7]];
    const batch = await generate(model, inputs, options);
    for (const [i, input] of inputs.entries()) {
      expect(await generate(model, [input], options)).toEqual([batch[i]]);
    }
    const backwards = await generate(model, [...inputs].reverse(), options);
    expect([...backwards].reverse()).toEqual(batch);
  });

  it('is another one for another seed or sample, and the same for the same', async () => {
    const texts = async (seed: number) =>
      (await generate(model, [[1]], { ...options, seed }))[0]!.hypotheses.map(({ tokens }) =>
        tokens.join(' '),
      );
    expect(await texts(4)).toEqual(await texts(4));
    expect(new Set([...(await texts(4)), ...(await texts(5))]).size).toBe(6);
  });

  it('has the log-probability that the model gives it', async () => {
    const [found] = await generate(model, [[1]], { temperature: 0.7, topK: 4, maxNewTokens: 8 });
    const { tokens, logProbabilities, sumLogProb, score } = found!.hypotheses[0]!;
    const expected = tokens.map(
      (token, i) => model.logProbabilitiesAfter([1, ...tokens.slice(0, i)])[token]!,
    );
    expect(logProbabilities).toEqual(expected);
    expect(sumLogProb).toBe(expected.reduce((a, b) => a + b, 0));
    expect(score).toBe(sumLogProb / tokens.length);
  });
});
