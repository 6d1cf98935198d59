/** Agreement search over toy models, against all texts in all tokenizations, and against beam search. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agreementSearch } from '../../../src/ensemble/agreement/agreementSearch.ts';
import { FusionError } from '../../../src/errors.ts';
import { generate } from '../../../src/model/generate/generate.ts';
import { everyTokenization, type PieceModel, pieceModel } from './pieceModel.ts';

const INPUT = [1, 2];

/** Of one language, "a" and "b", in different tokens. */
const VOCABULARIES = [
  ['a', 'b', 'ab'],
  ['b', 'a', 'ba', 'aab'],
  ['a', 'abb', 'b'],
] as const;

/** The best score of each text that all members can write. */
function bestScores(
  models: readonly PieceModel[],
  weights: readonly number[],
  limit: number,
  lengthPenalty: number,
): Map<string, number> {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const ofMember = models.map((model) => {
    const best = new Map<string, number>();
    for (const { text, sum, length } of everyTokenization(model, INPUT, limit)) {
      const score = sum / length ** lengthPenalty;
      if (score > (best.get(text) ?? Number.NEGATIVE_INFINITY)) best.set(text, score);
    }
    return best;
  });
  const scores = new Map<string, number>();
  for (const text of ofMember[0]!.keys()) {
    if (!ofMember.every((best) => best.has(text))) continue;
    const parts = ofMember.map((best, i) => (weights[i]! / total) * best.get(text)!);
    scores.set(
      text,
      parts.reduce((sum, part) => sum + part, 0),
    );
  }
  return scores;
}

const seeds = fc.integer({ min: 0, max: 1e6 });
const weight = fc.double({ min: 0.1, max: 3, noNaN: true });
const penalties = fc.constantFrom(0, 0.7, 1, 1.5);

describe('with beams for all states', () => {
  it('the best of all texts in all tokenizations is found', async () => {
    const arbitrary = fc.tuple(seeds, weight, weight, penalties, fc.boolean());
    await fc.assert(
      fc.asyncProperty(arbitrary, async ([seed, w1, w2, lengthPenalty, forks]) => {
        const models = [0, 1].map((i) => pieceModel(VOCABULARIES[i]!, seed + i, { forks }));
        const weights = [w1, w2];
        const members = models.map((model, i) => ({ model, weight: weights[i]! }));
        const [found] = await agreementSearch(members, [{ inputs: [INPUT, INPUT] }], {
          beams: 5000,
          hypotheses: 3,
          maxNewTokens: 4,
          lengthPenalty,
          earlyStopping: 'never',
          cells: 1e6,
        });
        const wanted = bestScores(models, weights, 4, lengthPenalty);
        const [best] = [...wanted].sort((a, b) => b[1] - a[1]);
        expect(found!.hypotheses[0]!.text).toBe(best![0]);
        expect(found!.hypotheses[0]!.score).toBeCloseTo(best![1], 12);
        expect(models.map(({ openStreams }) => openStreams())).toEqual([0, 0]);
      }),
      { numRuns: 25 },
    );
  });

  it('three members agree as well', async () => {
    const models = VOCABULARIES.map((pieces, i) => pieceModel(pieces, 7 + i));
    const weights = [1, 2, 0.5];
    const members = models.map((model, i) => ({ model, weight: weights[i]! }));
    const settings = {
      beams: 20_000,
      maxNewTokens: 4,
      earlyStopping: 'never',
      cells: 1e6,
    } as const;
    const [found] = await agreementSearch(members, [{ inputs: [INPUT, INPUT, INPUT] }], settings);
    const [best] = [...bestScores(models, weights, 4, 1)].sort((a, b) => b[1] - a[1]);
    expect(found!.hypotheses[0]!.text).toBe(best![0]);
    expect(found!.hypotheses[0]!.score).toBeCloseTo(best![1], 12);
  });
});

describe('two copies of one model', () => {
  it('whose tokens are no prefixes of others search as it does alone, hypothesis by hypothesis', async () => {
    const settings = fc.record({
      beams: fc.integer({ min: 1, max: 5 }),
      lengthPenalty: penalties,
      earlyStopping: fc.constantFrom<boolean | 'never'>(true, false, 'never'),
      maxNewTokens: fc.integer({ min: 1, max: 7 }),
    });
    await fc.assert(
      fc.asyncProperty(seeds, settings, async (seed, asked) => {
        const model = pieceModel(['a', 'b', 'c', 'd', 'e'], seed);
        const alone = await generate(model, [INPUT, [3]], {
          ...asked,
          strategy: 'beam',
          hypotheses: asked.beams,
        });
        const members = [model, model].map((each) => ({ model: each, weight: 0.5 }));
        const items = [INPUT, [3]].map((input) => ({ inputs: [input, input] }));
        const together = await agreementSearch(members, items, {
          ...asked,
          hypotheses: asked.beams,
        });
        for (const [i, { hypotheses }] of together.entries()) {
          const wanted = alone[i]!.hypotheses;
          const found = hypotheses.map(({ members: [first], score, finish }) => ({
            ...first!,
            score,
            finish,
          }));
          expect(found).toEqual(wanted);
          for (const { members: parts } of hypotheses) expect(parts[1]).toEqual(parts[0]);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('results', () => {
  const arbitrary = fc.record({
    seed: seeds,
    beams: fc.integer({ min: 1, max: 6 }),
    lengthPenalty: penalties,
    forks: fc.boolean(),
    kind: fc.constantFrom('causal' as const, 'sequence_to_sequence' as const),
    forced: fc.boolean(),
  });

  it('are one text in all tokens, with the log-probabilities of the models and their score', async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ seed, beams, lengthPenalty, forks, kind, forced }) => {
        const defaults = forced ? { forcedEndToken: 0 } : {};
        const models = VOCABULARIES.map((pieces, i) =>
          pieceModel(pieces, seed + i, { forks, kind, defaults }),
        );
        const weights = [1, 2, 1];
        const members = models.map((model, i) => ({ model, weight: weights[i]! }));
        const items = [INPUT, [1], [2, 1, 2]].map((input) => ({ inputs: [input, input, input] }));
        const asked = { beams, hypotheses: beams, lengthPenalty, maxNewTokens: 8 };
        const found = await agreementSearch(members, items, asked);
        for (const [i, { hypotheses }] of found.entries()) {
          for (const { text, members: parts, score } of hypotheses) {
            let wantedScore = 0;
            for (const [m, { tokens, logProbabilities }] of parts.entries()) {
              const { tokenizer, after } = models[m]!;
              expect(tokenizer.decode(tokens)).toBe(text);
              const input = items[i]!.inputs[m]!;
              const wanted = tokens.map((token, t) =>
                forced && t === 7 ? 0 : after(input, tokens.slice(0, t))[token]!,
              );
              expect(logProbabilities).toEqual(wanted);
              const sum = wanted.reduce((total, x) => total + x, 0);
              wantedScore += ((weights[m]! / 4) * sum) / tokens.length ** lengthPenalty;
            }
            expect(score).toBeCloseTo(wantedScore, 10);
          }
          const scores = hypotheses.map(({ score }) => score);
          expect(scores).toEqual(scores.toSorted((a, b) => b - a));
        }
        expect(models.map(({ openStreams }) => openStreams())).toEqual([0, 0, 0]);
      }),
      { numRuns: 25 },
    );
  });

  it('do not depend on whether streams can be forked, nor on the batch', async () => {
    const inputs = [INPUT, [1], [2, 2]];
    const search = (forks: boolean, batch: readonly (readonly number[])[]) =>
      agreementSearch(
        [0, 1].map((i) => ({ model: pieceModel(VOCABULARIES[i]!, 3 + i, { forks }), weight: 1 })),
        batch.map((input) => ({ inputs: [input, input] })),
        { beams: 3, hypotheses: 3, maxNewTokens: 9 },
      );
    const together = await search(true, inputs);
    expect(await search(false, inputs)).toEqual(together);
    expect((await Promise.all(inputs.map((each) => search(true, [each])))).flat()).toEqual(
      together,
    );
  });

  it('are none where the members share no text', async () => {
    const members = ['a', 'b'].map((piece) => ({
      model: pieceModel([piece], 1, { bannedTokens: [0], defaults: {} }),
      weight: 1,
    }));
    const found = await agreementSearch(members, [{ inputs: [[1], [1]] }], { maxNewTokens: 4 });
    expect(found).toEqual([{ hypotheses: [] }]);
  });
});

describe('what cannot be done', () => {
  const model = pieceModel(['a', 'b'], 1);
  const two = [
    { model, weight: 1 },
    { model, weight: 1 },
  ];
  const message = (promise: Promise<unknown>) =>
    promise.then(
      () => 'succeeded',
      (error: unknown) => (error instanceof FusionError ? error.message : String(error)),
    );

  it('is refused in one sentence', async () => {
    const item = [{ inputs: [[1], [1]] }];
    expect(await message(agreementSearch([], []))).toBe('agreement search: there are no members');
    expect(await message(agreementSearch([{ model, weight: 0 }], []))).toBe(
      'member 1: its weight 0 is not a positive number',
    );
    expect(await message(agreementSearch(two, item, { beams: 0 }))).toBe(
      'beams: 0 is not a positive integer',
    );
    expect(await message(agreementSearch(two, item, { hypotheses: 5 }))).toBe(
      'hypotheses: 5, but there are 4 beams',
    );
    expect(await message(agreementSearch(two, [{ inputs: [[1]] }]))).toBe(
      'input 1: for 1 members, but there are 2',
    );
  });

  it('stops when the caller says so, and closes its streams', async () => {
    const controller = new AbortController();
    const stopping = pieceModel(['a', 'b'], 1, { defaults: {}, endTokens: [] });
    const start: typeof stopping.start = async (inputs) => {
      const stream = await stopping.start(inputs);
      return {
        ...stream,
        advance: async (...step) => {
          controller.abort();
          await stream.advance(...step);
        },
      };
    };
    const members = [{ model: { ...stopping, start }, weight: 1 }];
    const search = agreementSearch(members, [{ inputs: [[1]] }], { signal: controller.signal });
    await expect(search).rejects.toMatchObject({ code: 'aborted' });
    expect(stopping.openStreams()).toBe(0);
  });
});
