import { describe, expect, it } from 'vitest';
import { type GenerationOptions, resolveOptions } from '../../../src/model/generate/options.ts';
import type { GenerationDefaults } from '../../../src/model/languageModel.ts';
import { toyModel } from './toyModel.ts';

const resolve = (options: GenerationOptions, defaults: GenerationDefaults = {}) =>
  resolveOptions(
    options,
    toyModel(10, () => [], { defaults }),
  );

describe('the strategy', () => {
  it.each<[GenerationOptions, GenerationDefaults, string]>([
    [{}, {}, 'greedy'],
    [{}, { temperature: 0.6, topP: 0.9 }, 'greedy'],
    [{}, { beams: 4 }, 'beam'],
    [{ beams: 1 }, { beams: 4 }, 'greedy'],
    [{ beams: 3 }, {}, 'beam'],
    [{ topP: 0.9 }, { beams: 4 }, 'sample'],
    [{ seed: 1 }, {}, 'sample'],
    [{ temperature: 0, topP: 0.9, seed: 1 }, {}, 'greedy'],
    [{ temperature: 0, beams: 2 }, {}, 'beam'],
    [{ strategy: 'greedy' }, { beams: 4 }, 'greedy'],
    [{ strategy: 'sample' }, { beams: 4 }, 'sample'],
  ])('of %j with the defaults %j is %s', (options, defaults, expected) => {
    expect(resolve(options, defaults).strategy).toBe(expected);
  });
});

describe('values', () => {
  it('come from the caller, else from the checkpoint, else from here', () => {
    const defaults = { temperature: 0.6, topK: 0, lengthPenalty: 2, maxNewTokens: 9, beams: 5 };
    expect(resolve({ strategy: 'sample' }, defaults).sampling).toEqual({
      temperature: 0.6,
      topK: undefined,
      topP: undefined,
      minP: undefined,
      seed: 0,
    });
    expect(resolve({ temperature: 2, topK: 3 }, defaults).sampling).toMatchObject({
      temperature: 2,
      topK: 3,
    });
    expect(resolve({}, defaults)).toMatchObject({ beams: 5, lengthPenalty: 2, maxNewTokens: 9 });
    expect(resolve({ beams: 2, lengthPenalty: 0 }, defaults)).toMatchObject({
      beams: 2,
      lengthPenalty: 0,
    });
    expect(resolve({ strategy: 'beam' })).toMatchObject({ beams: 4, earlyStopping: false });
  });

  it.each<[GenerationOptions, string]>([
    [
      { beams: 4, temperature: 0.7 },
      'temperature: an option of sampling, but the strategy is beam',
    ],
    [{ strategy: 'greedy', topK: 3 }, 'topK: an option of sampling, but the strategy is greedy'],
    [{ seed: 3, lengthPenalty: 1 }, 'lengthPenalty: an option of beam search'],
    [
      { earlyStopping: true },
      'earlyStopping: an option of beam search, but the strategy is greedy',
    ],
    [{ strategy: 'sample', beams: 3 }, 'beams: an option of beam search'],
    [{ strategy: 'sample', temperature: 0 }, 'temperature: 0 leaves nothing to sample'],
    [{ hypotheses: 2 }, 'hypotheses: 2, but a greedy search finds 1'],
    [{ beams: 2, hypotheses: 3 }, 'hypotheses: 3, but there are 2 beams'],
    [{ beams: 2, onToken: () => 'stop' }, 'onToken'],
    [{ alternatives: 2 }, 'alternatives: 2, but there is no onToken'],
    [{ alternatives: -1 }, 'alternatives: -1 is not an integer from 0'],
    [{ minNewTokens: 5, maxNewTokens: 4 }, 'minNewTokens: 5, but maxNewTokens is 4'],
    [{ maxNewTokens: 0 }, 'maxNewTokens: 0 is not a positive integer'],
    [{ temperature: -1 }, 'temperature: -1 is not a number from 0'],
    [{ topP: 0 }, 'topP: 0 is not above 0 and at most 1'],
    [{ minP: 1.5 }, 'minP: 1.5 is not from 0 to 1'],
    [{ topK: 2.5 }, 'topK: 2.5 is not an integer from 0'],
    [{ seed: 2 ** 32 }, 'seed: 4294967296 is not an integer'],
    [{ beams: Number.NaN }, 'beams: NaN is not a positive integer'],
    [{ repetitionPenalty: 0 }, 'repetitionPenalty: 0 is not a positive number'],
    [{ lengthPenalty: Number.POSITIVE_INFINITY, beams: 2 }, 'lengthPenalty: Infinity'],
    [{ bannedTokens: [10] }, "bannedTokens: 10 is none of the model's 10 tokens"],
    [{ forcedEndToken: -1 }, 'forcedEndToken: -1 is none'],
  ])('%j: %s', (options, message) => {
    expect(() => resolve(options)).toThrow(message);
  });
});
