import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generate } from '../../../src/model/generate/generate.ts';
import type { GenerationOptions } from '../../../src/model/generate/options.ts';
import { type ReferenceSettings, referenceBeams } from './beamReference.ts';
import { hashLogits, markovLogits, type ToyModel, toyModel } from './toyModel.ts';

const earlyStopping = fc.constantFrom(false, true, 'never' as const);
const lengthPenalty = fc.constantFrom(-1, -0.2, 0, 0.5, 1, 2);

async function tokensOf(model: ToyModel, options: GenerationOptions): Promise<readonly number[][]> {
  const [generation] = await generate(model, [[0]], options);
  return generation!.hypotheses.map(({ tokens }) => [...tokens]);
}

/** Every continuation that ends within the limit or is cut there, with its probability. */
function enumerate(
  model: ToyModel,
  input: readonly number[],
  limit: number,
  tokens: readonly number[] = [],
  sum = 0,
): { readonly tokens: readonly number[]; readonly sum: number }[] {
  const isEnd = tokens.length > 0 && model.endTokens.includes(tokens.at(-1)!);
  if (isEnd || tokens.length === limit) return [{ tokens, sum }];
  return [...model.logProbabilitiesAfter([...input, ...tokens])].flatMap((logProbability, token) =>
    enumerate(model, input, limit, [...tokens, token], sum + logProbability),
  );
}

describe('beam search', () => {
  it('with a beam as wide as the tree finds every text, best first', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1e6),
        lengthPenalty,
        earlyStopping,
        async (seed, penalty, stopping) => {
          const model = toyModel(3, hashLogits(3, seed), { endTokens: [1] });
          const all = enumerate(model, [2, 0], 4)
            .map(({ tokens, sum }) => ({ tokens, sum, score: sum / tokens.length ** penalty }))
            .sort((a, b) => b.score - a.score);
          const [found] = await generate(model, [[2, 0]], {
            beams: all.length + 1,
            hypotheses: all.length + 1,
            maxNewTokens: 4,
            lengthPenalty: penalty,
            earlyStopping: stopping,
          });
          expect(found!.hypotheses.map(({ tokens }) => tokens)).toEqual(all.map((a) => a.tokens));
          found!.hypotheses.forEach((hypothesis, i) => {
            expect(hypothesis.sumLogProb).toBeCloseTo(all[i]!.sum, 10);
            expect(hypothesis.score).toBeCloseTo(all[i]!.score, 10);
          });
        },
      ),
      { numRuns: 30 },
    );
  });

  const settings: fc.Arbitrary<ReferenceSettings> = fc.record({
    beams: fc.integer({ min: 1, max: 4 }),
    limit: fc.integer({ min: 1, max: 8 }),
    lengthPenalty,
    earlyStopping,
    minNewTokens: fc.constantFrom(0, 0, 1),
    forcedEndToken: fc.constantFrom(undefined, 1),
    repetitionPenalty: fc.constantFrom(1, 1, 1.3, 0.8),
  });

  it('equals the definition of transformers, alone and in a batch', async () => {
    let stoppedEarly = 0;
    await fc.assert(
      fc.asyncProperty(
        settings,
        fc.nat(1e6),
        fc.subarray([1, 5, 7], { minLength: 0 }),
        fc.constantFrom('causal', 'sequence_to_sequence'),
        async (asked, seed, endTokens, kind) => {
          // Likely ends, so that pools fill and every way of stopping is met.
          const hash = hashLogits(20, seed);
          const model = toyModel(
            20,
            (tokens) => hash(tokens).map((x, token) => (endTokens.includes(token) ? x + 1.5 : x)),
            { endTokens, kind, bannedTokens: [3] },
          );
          const inputs = [[4], [9, 2, 4], [8, 8]];
          const options = optionsOf(asked);
          const batch = await generate(model, inputs, options);
          for (const [i, input] of inputs.entries()) {
            const expected = referenceBeams(model, input, asked);
            const found = batch[i]!.hypotheses;
            expect(found.map(({ tokens }) => tokens)).toEqual(expected.map((e) => e.tokens));
            found.forEach((hypothesis, rank) => {
              expect(hypothesis.sumLogProb).toBeCloseTo(expected[rank]!.sum, 6);
              expect(hypothesis.score).toBeCloseTo(expected[rank]!.score, 6);
            });
            if (found.every(({ tokens }) => tokens.length < asked.limit)) stoppedEarly++;
            expect(await generate(model, [input], options)).toEqual([batch[i]]);
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(stoppedEarly).toBeGreaterThan(100);
  });

  it('of one beam that stops at once is a greedy search', async () => {
    for (let seed = 0; seed < 50; seed++) {
      const model = toyModel(12, hashLogits(12, seed), { endTokens: [3] });
      const greedy = await generate(model, [[1], [2]], { maxNewTokens: 9 });
      const beam = await generate(model, [[1], [2]], {
        strategy: 'beam',
        beams: 1,
        earlyStopping: true,
        maxNewTokens: 9,
      });
      expect(beam).toEqual(greedy);
    }
  });

  it('orders by the length penalty', async () => {
    // After 0: the end at .5, or 1 at .5; after 1: the end at .6. Sums: ln .5 and ln .3.
    const model = toyModel(3, markovLogits([[0, 0.5, 0.5], [0.1, 0.3, 0.6], []]), {
      endTokens: [2],
    });
    const options = { beams: 2, hypotheses: 2, maxNewTokens: 2, earlyStopping: 'never' } as const;
    // ln .5 = -.69, ln .3 / 2 = -.60, ln .15 / 2 (1, 1, cut at the maximum) = -.95
    expect(await tokensOf(model, { ...options, lengthPenalty: 1 })).toEqual([[1, 2], [2]]);
    expect(await tokensOf(model, { ...options, lengthPenalty: 0 })).toEqual([[2], [1, 2]]);
    expect(await tokensOf(model, { ...options, lengthPenalty: -1 })).toEqual([[2], [1, 2]]);
  });

  it('that never stops early goes on where a negative penalty favours short texts', async () => {
    // Sums times lengths: E -1.61, AE -5.79, AAE -1.05; AA is at -.68, and would be at -6.8 after 20.
    const table: Record<string, readonly number[]> = {
      '': [0.79, 0.2, 0.01],
      '0': [0.9, 0.07, 0.03],
      '0,0': [0.005, 0.99, 0.005],
    };
    const model = toyModel(
      3,
      (tokens) => (table[tokens.slice(1).join()] ?? [0.9, 0.05, 0.05]).map(Math.log),
      { endTokens: [1] },
    );
    const found = await tokensOf(model, {
      beams: 2,
      hypotheses: 2,
      maxNewTokens: 20,
      lengthPenalty: -1,
      earlyStopping: 'never',
    });
    expect(found).toEqual([[0, 0, 1], [1]]);
  });

  it('takes the lowest of equal tokens first', async () => {
    const model = toyModel(5, () => [0, 1, 1, 1, 0]);
    const options = { beams: 3, hypotheses: 3, maxNewTokens: 1 };
    expect(await tokensOf(model, options)).toEqual([[1], [2], [3]]);
  });

  it('writes the forced end at the maximum, at no cost', async () => {
    const model = toyModel(6, hashLogits(6, 5), { endTokens: [] });
    const [found] = await generate(model, [[1]], { beams: 2, maxNewTokens: 3, forcedEndToken: 4 });
    const best = found!.hypotheses[0]!;
    expect(best.tokens).toHaveLength(3);
    expect(best.tokens.at(-1)).toBe(4);
    expect(best.logProbabilities.at(-1)).toBe(0);
    expect(best.finish).toBe('length');
  });

  it('gives fewer hypotheses where there are fewer texts', async () => {
    const model = toyModel(4, markovLogits([[0, 0, 0.25, 0.75]]), { endTokens: [2, 3] });
    expect(await tokensOf(model, { beams: 3, hypotheses: 3 })).toEqual([[3], [2]]);
  });
});

function optionsOf({ limit, forcedEndToken, minNewTokens, ...rest }: ReferenceSettings) {
  const options: GenerationOptions = {
    ...rest,
    strategy: 'beam',
    maxNewTokens: limit,
    minNewTokens: Math.min(minNewTokens, limit),
    hypotheses: rest.beams,
  };
  return forcedEndToken === undefined ? options : { ...options, forcedEndToken };
}
