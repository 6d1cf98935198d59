import { describe, expect, it } from 'vitest';
import { generate } from '../../../src/model/generate/generate.ts';
import type { GenerationOptions } from '../../../src/model/generate/options.ts';
import type { TokenEvent } from '../../../src/model/generate/rowSearch.ts';
import { hashLogits, markovLogits, scriptedLogits, type ToyModel, toyModel } from './toyModel.ts';

async function first(model: ToyModel, input: readonly number[], options: GenerationOptions) {
  const [generation] = await generate(model, [input], options);
  return generation!.hypotheses[0]!;
}

const V = 10;

describe('a greedy search', () => {
  it('follows the most probable token, in a batch as alone', async () => {
    const model = toyModel(V, hashLogits(V, 1), { endTokens: [2] });
    const inputs = [[1], [3, 4], [5]];
    const batch = await generate(model, inputs, { maxNewTokens: 7 });
    for (const [i, input] of inputs.entries()) {
      const tokens = [...input];
      do {
        const row = model.logProbabilitiesAfter(tokens);
        tokens.push(row.indexOf(Math.max(...row)));
      } while (tokens.at(-1) !== 2 && tokens.length < input.length + 7);
      const { tokens: found, finish } = batch[i]!.hypotheses[0]!;
      expect([...input, ...found]).toEqual(tokens);
      expect(finish).toBe(found.at(-1) === 2 ? 'end' : 'length');
    }
  });

  it('takes the lowest of equal tokens', async () => {
    const model = toyModel(3, markovLogits([[0.2, 0.4, 0.4]]));
    expect((await first(model, [0], { maxNewTokens: 1 })).tokens).toEqual([1]);
  });

  it('never writes banned tokens, of the model or of the caller', async () => {
    const model = toyModel(V, hashLogits(V, 3), { bannedTokens: [0, 1, 2, 3] });
    const { tokens } = await first(model, [9], { bannedTokens: [4, 5, 6], maxNewTokens: 30 });
    expect(tokens.every((token) => token >= 7)).toBe(true);
  });

  it('writes no end token before minNewTokens others, and ends at any end token', async () => {
    const model = toyModel(4, markovLogits([[0.1, 0.2, 0.3, 0.4]]), { endTokens: [2, 3] });
    expect((await first(model, [0], {})).tokens).toEqual([3]);
    expect((await first(model, [0], { minNewTokens: 2 })).tokens).toEqual([1, 1, 3]);
  });

  it('writes the forced end as the last token', async () => {
    const model = toyModel(V, hashLogits(V, 3), { endTokens: [2], bannedTokens: [2] });
    const found = await first(model, [9], { maxNewTokens: 4, forcedEndToken: 2 });
    expect(found.tokens).toHaveLength(4);
    expect(found.tokens.at(-1)).toBe(2);
    expect(found).toMatchObject({ finish: 'length' });
    expect(found.sumLogProb).toBeCloseTo(
      found.logProbabilities.slice(0, 3).reduce((a, b) => a + b),
    );
  });

  it('ends where the listener says so', async () => {
    const model = toyModel(V, scriptedLogits(V, 1, [4, 5, 6, 7], 0));
    const heard: number[] = [];
    const found = await first(model, [9], {
      onToken: ({ token }) => (heard.push(token) === 2 ? 'stop' : 'continue'),
    });
    expect(found).toMatchObject({ tokens: [4, 5], finish: 'stop' });
    expect(heard).toEqual([4, 5]);
  });

  it('tells the most probable tokens of each place, bans apart', async () => {
    const model = toyModel(4, markovLogits([[0.4, 0.3, 0.2, 0.1]]));
    const heard: TokenEvent[] = [];
    await first(model, [0], {
      ...{ bannedTokens: [1], alternatives: 2, maxNewTokens: 2 },
      onToken: (event) => {
        heard.push(event);
        return 'continue';
      },
    });
    for (const { alternatives } of heard) {
      expect(alternatives.map(({ token }) => token)).toEqual([0, 2]);
      alternatives.forEach(({ logProbability }, i) => {
        expect(logProbability).toBeCloseTo(Math.log([0.4, 0.2][i]!), 6);
      });
    }
    expect(heard).toHaveLength(2);
  });
});

describe('the repetition penalty', () => {
  // p = .4, .3, .2, .1: after one use .4^2 = .16, .3^2 = .09, .2^2 = .04.
  const p = [[0.4, 0.3, 0.2, 0.1]];

  it('raises p of what was written to its power, once however often it was written', async () => {
    const model = toyModel(4, markovLogits(p), { kind: 'sequence_to_sequence' });
    const { tokens } = await first(model, [0], { repetitionPenalty: 2, maxNewTokens: 6 });
    expect(tokens).toEqual([0, 1, 2, 0, 0, 0]);
  });

  it('counts the input of a causal model, not of one that writes a text of its own', async () => {
    const options = { repetitionPenalty: 2, maxNewTokens: 1 };
    const causal = toyModel(4, markovLogits(p));
    const translator = toyModel(4, markovLogits(p), { kind: 'sequence_to_sequence' });
    expect((await first(causal, [0], options)).tokens).toEqual([1]);
    expect((await first(translator, [0], options)).tokens).toEqual([0]);
  });
});

describe('a long input', () => {
  const special = { encode: () => [8, 9], decode: () => '' };

  it('is refused with both numbers, and cut if the caller allows it', async () => {
    const model = toyModel(V, hashLogits(V, 1), { maxTokens: 4 });
    const input = [1, 2, 3, 4, 5];
    await expect(generate(model, [[1], input], {})).rejects.toThrow(
      "input 2: 5 tokens, but the model's maximum is 4",
    );
    await expect(generate(model, [[1, 2, 3, 4]], {})).rejects.toMatchObject({ code: 'bad_input' });
    const cut = await first(model, input, { truncate: true, maxNewTokens: 2 });
    expect(cut).toEqual(await first(model, [4, 5], { maxNewTokens: 2 }));
    const endless = toyModel(V, hashLogits(V, 1));
    const short = await first(endless, input, { truncate: 2, maxNewTokens: 2 });
    expect(short).toEqual(await first(endless, [4, 5], { maxNewTokens: 2 }));
  });

  it('keeps the special token at the end that is not cut', async () => {
    const seen: (readonly number[])[] = [];
    const toy = toyModel(V, hashLogits(V, 1));
    const spy = (rest: Partial<ToyModel>): ToyModel => ({
      ...toy,
      ...rest,
      tokenizer: special,
      maxTokens: 6,
      start: (inputs) => {
        seen.push(...inputs);
        return toy.start(inputs);
      },
    });
    const options = { truncate: true, maxNewTokens: 2 };
    const long = [8, 1, 2, 3, 4, 5, 6, 9];
    await generate(spy({ kind: 'causal' }), [long, [8, 1]], options);
    await generate(spy({ kind: 'sequence_to_sequence' }), [long], options);
    expect(seen).toEqual([
      [8, 5, 6, 9],
      [8, 1],
      [8, 1, 2, 3, 4, 9],
    ]);
  });

  it('bounds what a causal model writes, but not a model with a text of its own', async () => {
    const causal = toyModel(V, hashLogits(V, 1), { maxTokens: 4 });
    const translator = toyModel(V, hashLogits(V, 1), { ...causal, kind: 'sequence_to_sequence' });
    expect(await first(causal, [1, 2, 3], {})).toMatchObject({ finish: 'length' });
    expect((await first(causal, [1, 2, 3], {})).tokens).toHaveLength(1);
    expect((await first(translator, [1, 2, 3], {})).tokens).toHaveLength(4);
  });
});

describe('failures', () => {
  it('are aborted at the next step, and give the stream back', async () => {
    const model = toyModel(V, hashLogits(V, 1));
    for (const stopAt of [0, 1, 5]) {
      const controller = new AbortController();
      let written = 0;
      if (stopAt === 0) controller.abort();
      const options: GenerationOptions = {
        signal: controller.signal,
        onToken: () => {
          if (++written === stopAt) controller.abort(new Error('enough'));
          return 'continue';
        },
      };
      await expect(generate(model, [[1]], options)).rejects.toMatchObject({ code: 'aborted' });
      expect(written).toBe(stopAt);
      expect(model.openStreams()).toBe(0);
    }
    const { signal } = new AbortController();
    await generate(model, [[1]], { beams: 2, maxNewTokens: 3, signal });
    expect(model.openStreams()).toBe(0);
  });

  it.each<[string, GenerationOptions]>([
    ['greedy', {}],
    ['sample', { temperature: 1, topP: 0.9 }],
    ['beam', { beams: 2 }],
  ])('say so where no token is possible: %s', async (_, options) => {
    const nothing = toyModel(2, () => [Number.NaN, Number.NaN]);
    await expect(generate(nothing, [[0]], options)).rejects.toThrow(/every token is banned/);
    const banned = toyModel(2, () => [0, 0], { bannedTokens: [0, 1] });
    await expect(generate(banned, [[0]], options)).rejects.toMatchObject({ code: 'bad_input' });
    expect(banned.openStreams()).toBe(0);
  });

  it('of nothing are none', async () => {
    expect(
      await generate(
        toyModel(2, () => [0, 0]),
        [],
      ),
    ).toEqual([]);
  });
});
