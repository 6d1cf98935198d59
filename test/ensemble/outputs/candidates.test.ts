import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  gatherCandidates,
  type OutputMember,
} from '../../../src/ensemble/outputs/gatherCandidates.ts';
import { memberCandidates } from '../../../src/ensemble/outputs/memberCandidates.ts';
import { memberScores } from '../../../src/ensemble/outputs/memberScores.ts';
import type { FusionError } from '../../../src/errors.ts';
import { generateText } from '../../../src/model/generate/generateText.ts';
import type { LanguageModel } from '../../../src/model/languageModel.ts';
import { openPredictions } from '../../../src/model/predictions.ts';
import { makeFolder, messageOf } from '../../checkpoint/files.ts';
import { chatAnswer, open, sendJson, startEndpoint } from '../../model/http/fakeEndpoint.ts';
import { itemsOf, toyMember, writingMember } from './toyMembers.ts';

const ITEMS = itemsOf('a b c', 'd', 'e e e e a', 'b', 'c d');

describe('candidates of a token model', () => {
  it('are the best of its beams, then its samples, for every item', async () => {
    const member = toyMember('toy', 1);
    const settings = { best: 3, samples: 4, temperature: 1.5, seed: 7 };
    const found = await memberCandidates(member, ITEMS, settings);
    expect(found.length).toBe(ITEMS.length);
    for (const [i, { text }] of ITEMS.entries()) {
      const alone = [
        ...(await generateText(member.next, [text], { beams: 3, hypotheses: 3 })),
        ...(await generateText(member.next, [text], { hypotheses: 4, temperature: 1.5, seed: 7 })),
      ].flatMap(({ hypotheses }) => hypotheses);
      expect(alone.length).toBe(7);
      expect(found[i]).toEqual(
        alone.map(({ text, sumLogProb, tokens }) => {
          return { text, member: 'toy', logProbability: sumLogProb, tokenCount: tokens.length };
        }),
      );
    }
    expect(member.openStreams()).toBe(0);
  });

  it('are the 4 best unless said otherwise, of as many beams as the checkpoint asks for', async () => {
    const defaults = { maxNewTokens: 6, beams: 6 };
    const member = toyMember('toy', 1, { defaults });
    const [found] = await memberCandidates(member, ITEMS.slice(0, 1));
    const [wide] = await generateText(member.next, ['a b c'], { beams: 6, hypotheses: 4 });
    expect(found!.map(({ text }) => text)).toEqual(wide!.hypotheses.map(({ text }) => text));
    const [narrow] = await memberCandidates(member, ITEMS.slice(0, 1), { best: 1, beams: 1 });
    const [greedy] = await generateText(member.next, ['a b c'], { strategy: 'greedy' });
    expect(narrow!.map(({ text }) => text)).toEqual([greedy!.hypotheses[0]!.text]);
  });

  it('keep duplicates', async () => {
    const [found] = await memberCandidates(toyMember('toy', 1), ITEMS.slice(0, 1), {
      samples: 40,
      maxNewTokens: 1,
    });
    expect(found!.length).toBe(40);
    expect(new Set(found!.map(({ text }) => text)).size).toBeLessThan(7);
  });

  it('of an item that is too long name it', async () => {
    const member = toyMember('toy', 1, { maxTokens: 4 });
    expect(await messageOf(() => memberCandidates(member, ITEMS))).toMatch(
      /member "toy": item "i2" has 6 tokens, and the model reads 4/,
    );
    const cut = await memberCandidates(member, ITEMS, {}, { truncate: true });
    expect(cut.length).toBe(ITEMS.length);
  });

  it.each([
    [{ best: 0, samples: 0 }, /both 0/],
    [{ best: -1 }, /best: -1/],
    [{ samples: 1.5 }, /samples: 1.5/],
    [{ best: 4, beams: 2 }, /member "toy": hypotheses: 4, but there are 2 beams/],
  ])('refuse %o', async (settings, message) => {
    const member = toyMember('toy', 1);
    expect(await messageOf(() => memberCandidates(member, ITEMS, settings))).toMatch(message);
  });
});

describe('candidates of other models', () => {
  it('are the one text of a file of predictions', async () => {
    const rows = '{"id":"i0","text":"x","logprob":-2}\n{"id":"i1","text":"y","logprob":-3}\n';
    const folder = makeFolder({ 'p.jsonl': rows });
    const model = await openPredictions(join(folder, 'p.jsonl'), 'file');
    expect(await memberCandidates(model, ITEMS.slice(0, 2))).toEqual([
      [{ text: 'x', member: 'file', logProbability: -2 }],
      [{ text: 'y', member: 'file', logProbability: -3 }],
    ]);
    expect(await messageOf(() => memberCandidates(model, ITEMS))).toMatch(
      /^member "file": item "i2"/,
    );
  });

  it('are so many answers of an endpoint, each with a seed of its own', async () => {
    const endpoint = await startEndpoint(async ({ body }, response) => {
      await endpoint.arrived(2);
      const { seed, messages } = body as { seed: number; messages: [{ content: string }] };
      sendJson(response, chatAnswer(`${messages[0].content} ${seed}`));
    });
    const model = open(endpoint);
    const settings = { samples: 3, seed: 5, temperature: 0.7, topP: 0.9, maxNewTokens: 9 };
    const found = await memberCandidates(model, ITEMS.slice(0, 2), {
      ...settings,
      concurrency: 2,
    });
    expect(found.map((list) => list.map(({ text }) => text))).toEqual([
      ['a b c 5', 'a b c 6', 'a b c 7'],
      ['d 5', 'd 6', 'd 7'],
    ]);
    expect(endpoint.asked[0]!.body).toMatchObject({ temperature: 0.7, top_p: 0.9, max_tokens: 9 });
    expect(endpoint.maxInFlight()).toBe(2);
  });

  it('do not exist where a model writes nothing', async () => {
    const model: LanguageModel = { name: 'mute', close: async () => {} };
    expect(await messageOf(() => memberCandidates(model, ITEMS))).toMatch(/^member "mute"/);
  });
});

const good: OutputMember = { model: writingMember('good', ({ text }) => text.toUpperCase()) };
const bad: OutputMember = {
  model: {
    name: 'bad',
    write: { texts: () => Promise.reject(new Error('is down')) },
    close: async () => {},
  },
};

describe('candidates of several members', () => {
  it('are in the order of the members', async () => {
    const other = { model: writingMember('other', ({ id }) => id) };
    const found = await gatherCandidates([good, other], ITEMS.slice(0, 2));
    expect(found).toEqual([
      [
        { text: 'A B C', member: 'good' },
        { text: 'i0', member: 'other' },
      ],
      [
        { text: 'D', member: 'good' },
        { text: 'i1', member: 'other' },
      ],
    ]);
  });

  it('are refused by the first member that fails, which stops the others', async () => {
    let wasStopped = false;
    const slow: LanguageModel = {
      name: 'slow',
      write: {
        texts: (_, { signal } = {}) =>
          new Promise((_, reject) => {
            signal!.addEventListener('abort', () => {
              wasStopped = true;
              reject(new Error('stopped'));
            });
          }),
      },
      close: async () => {},
    };
    const error = await errorOf(gatherCandidates([{ model: slow }, bad], ITEMS));
    expect(error).toMatchObject({ code: 'internal', message: 'member "bad": is down' });
    expect(wasStopped).toBe(true);
  });

  it('go on without it where the caller hears of it', async () => {
    const heard: string[] = [];
    const onFailure = ({ message }: FusionError, member: string) => {
      heard.push(`${member}: ${message}`);
    };
    const found = await gatherCandidates([bad, good], ITEMS.slice(0, 1), {}, {}, onFailure);
    expect(found).toEqual([[{ text: 'A B C', member: 'good' }]]);
    expect(heard).toEqual(['bad: member "bad": is down']);
    const error = await errorOf(gatherCandidates([bad], ITEMS, {}, {}, onFailure));
    expect(error.message).toBe('member "bad": is down');
  });

  it('end with the signal', async () => {
    const controller = new AbortController();
    const stopping: LanguageModel = {
      name: 'stopping',
      write: {
        texts: async (items) => {
          controller.abort();
          return items.map(({ text }) => ({ text }));
        },
      },
      close: async () => {},
    };
    const { signal } = controller;
    const onFailure = () => {};
    const members = [{ model: stopping }, { model: toyMember('toy', 1) }];
    const error = await errorOf(gatherCandidates(members, ITEMS, {}, { signal }, onFailure));
    expect(error.code).toBe('aborted');
  });

  it('need members, and each with a name of its own', async () => {
    expect(await messageOf(() => gatherCandidates([], ITEMS))).toMatch(/there are none/);
    expect(await messageOf(() => gatherCandidates([good, good], ITEMS))).toMatch(/named "good"/);
  });
});

describe('scores of given candidates', () => {
  it("are a model's own log-probabilities for its own texts", async () => {
    const member = toyMember('toy', 3);
    const own = await memberCandidates(member, ITEMS, { best: 4, samples: 20 });
    const scores = await memberScores(member, ITEMS, own);
    own.forEach((list, i) => {
      list.forEach(({ logProbability, tokenCount }, k) => {
        // A text of the most tokens was cut off: as a whole text it has an end as well.
        if (tokenCount === 6) return;
        expect(scores[i]![k]!.logProbability).toBeCloseTo(logProbability!, 9);
        expect(scores[i]![k]!.tokenCount).toBe(tokenCount);
      });
    });
    expect(own.flat().some(({ tokenCount }) => tokenCount! < 6)).toBe(true);
  });

  it('of a model of texts do without the item', async () => {
    const model: LanguageModel = {
      name: 'lm',
      score: {
        scores: async (items) =>
          items.map(({ text }) => ({ logProbability: -text.length, tokenCount: 1 })),
      },
      close: async () => {},
    };
    const candidates = [['xx', 'y', 'xx'].map((text) => ({ text, member: 'm' })), []];
    const scores = await memberScores(model, ITEMS.slice(0, 2), candidates);
    expect(scores.map((list) => list.map(({ logProbability }) => logProbability))).toEqual([
      [-2, -1, -2],
      [],
    ]);
  });

  it('are refused where there is no room, or no way', async () => {
    const short = toyMember('short', 1, { maxTokens: 4 });
    const candidates = [[{ text: 'a b c d', member: 'm' }]];
    const item = itemsOf('a');
    expect(await messageOf(() => memberScores(short, item, candidates))).toMatch(
      /member "short": item "i0": a candidate has 5 tokens, and the model has room for 4/,
    );
    const file = writingMember('file', () => 'x');
    expect(await messageOf(() => memberScores(file, item, candidates))).toMatch(
      /member "file": it cannot score/,
    );
  });
});

async function errorOf(promise: Promise<unknown>): Promise<FusionError> {
  return promise.then(
    () => expect.fail('no error was raised'),
    (error: FusionError) => error,
  );
}
