import { describe, expect, it } from 'vitest';
import { explainOutputs } from '../../../src/ensemble/outputs/explainOutputs.ts';
import type { OutputMember } from '../../../src/ensemble/outputs/gatherCandidates.ts';
import { decideByMbr } from '../../../src/ensemble/outputs/mbr.ts';
import type { OutputsSettings } from '../../../src/ensemble/outputs/outputsSettings.ts';
import { outputsWriter } from '../../../src/ensemble/outputs/outputsWriter.ts';
import { FusionError } from '../../../src/errors.ts';
import type { LanguageModel } from '../../../src/model/languageModel.ts';
import { chrf } from '../../../src/task/metrics/chrf.ts';
import { exactMatch } from '../../../src/task/metrics/exactMatch.ts';
import { messageOf } from '../../checkpoint/files.ts';
import { itemsOf, toyMember, writingMember } from './toyMembers.ts';

const mbr: OutputsSettings = { method: 'mbr', mbr: { utility: chrf() } };

/** Votes of x, y and z, of which the last item's are a tie. */
const voters: OutputMember[] = [
  { model: writingMember('x', ({ text }) => text[0]!), weight: 0.5 },
  { model: writingMember('y', ({ text }) => text[1]!), weight: 0.25 },
  { model: writingMember('z', ({ text }) => text[2]!), weight: 0.25 },
];
const BALLOTS = itemsOf('abb', 'abc', 'cab', 'bab');

describe('minimum Bayes risk over members', () => {
  it('writes the text that members of most weight wrote, where the utility is exact match', async () => {
    const writer = outputsWriter(voters, { method: 'mbr', mbr: { utility: exactMatch } });
    expect(await writer.texts(BALLOTS)).toEqual(['a', 'a', 'c', 'b'].map((text) => ({ text })));
  });

  it('explains every candidate', async () => {
    const settings: OutputsSettings = { method: 'mbr', mbr: { utility: exactMatch } };
    const [output] = await explainOutputs(voters, settings, BALLOTS.slice(0, 1));
    expect(output).toEqual({
      id: 'i0',
      text: 'a',
      candidates: [
        { text: 'a', member: 'x', isChosen: true, score: 0.5, weight: 0.5 },
        { text: 'b', member: 'y', isChosen: false, score: 0.5, weight: 0.25 },
        { text: 'b', member: 'z', isChosen: false, score: 0.5, weight: 0.25 },
      ],
    });
  });

  it('decides by the candidates of all members together', async () => {
    const members = [{ model: toyMember('a', 1) }, { model: toyMember('b', 2), weight: 2 }];
    const settings = { ...mbr, candidates: { best: 3, samples: 3 } };
    const outputs = await explainOutputs(members, settings, itemsOf('a b', 'c', 'd e a'));
    for (const { candidates, text } of outputs) {
      expect(candidates.length).toBe(12);
      const memberWeights = new Map([['b', 2]]);
      const decision = decideByMbr(candidates, { utility: chrf(), memberWeights });
      expect(candidates[decision.choice]).toMatchObject({ text, isChosen: true });
      expect(candidates.map(({ score }) => score)).toEqual([...decision.expectedUtilities]);
      expect(candidates.map(({ weight }) => weight)).toEqual([...decision.weights]);
    }
  });
});

describe('reranking over members', () => {
  const toys = [{ model: toyMember('a', 1) }, { model: toyMember('b', 2), weight: 3 }];
  const items = itemsOf('a b', 'c', 'd e a');
  const weights = {
    ...{ mbr: 0.1, log_probability: 1, 'score:a': 0.5, 'score:b': 0.25 },
    ...{ length_ratio: -1, members: 0.5, prior: 0.125 },
  };
  const rerank = { method: 'rerank', mbr: { utility: chrf() }, weights } as const;

  it('computes each feature as it is defined', async () => {
    const settings = { ...rerank, lengthPenalty: 0.5 };
    const outputs = await explainOutputs(toys, settings, items);
    for (const [i, { candidates }] of outputs.entries()) {
      const memberWeights = new Map([['b', 3]]);
      const decision = decideByMbr(candidates, { utility: chrf(), memberWeights });
      for (const [place, candidate] of candidates.entries()) {
        const { text, member, logProbability, tokenCount, features } = candidate;
        const share = member === 'b' ? 0.75 : 0.25;
        const writers = candidates.filter((each) => each.text === text).map((each) => each.member);
        expect(features).toMatchObject({
          mbr: decision.expectedUtilities[place],
          log_probability: logProbability! / Math.sqrt(tokenCount!),
          length_ratio: text.length / items[i]!.text.length,
          members: new Set(writers).size,
          prior: Math.log(share),
        });
        // What a member wrote to its end, it scores as when it wrote it.
        if (tokenCount! < 6) {
          expect(features![`score:${member}`]).toBeCloseTo(features!.log_probability!, 9);
        }
      }
    }
  });

  it('chooses the largest weighted sum', async () => {
    const outputs = await explainOutputs(toys, rerank, items);
    const texts = await outputsWriter(toys, rerank).texts(items);
    for (const [i, { text, candidates }] of outputs.entries()) {
      const sums = candidates.map(({ features }) =>
        Object.entries(weights).reduce((sum, [name, w]) => sum + w * features![name]!, 0),
      );
      candidates.forEach(({ score }, k) => {
        expect(score).toBeCloseTo(sums[k]!, 12);
      });
      const chosen = candidates.findIndex(({ isChosen }) => isChosen);
      expect(sums[chosen]).toBe(Math.max(...sums));
      expect(candidates[chosen]!.text).toBe(text);
      expect(texts[i]).toEqual({ text });
    }
  });

  it('standardises features where asked to', async () => {
    const outputs = await explainOutputs(toys, { ...rerank, standardise: true }, items);
    for (const { candidates } of outputs) {
      const values = candidates.map(({ features }) => features!.mbr!);
      expect(values.reduce((sum, x) => sum + x, 0)).toBeCloseTo(0, 9);
      expect(values.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(values.length, 9);
    }
  });

  const file: OutputMember = { model: writingMember('file', () => 'x', -1) };
  it.each([
    [{ ...rerank, weights: { quality: 1 } }, /no feature "quality"; there are mbr, .*score:file/],
    [{ ...rerank, weights: { 'score:gone': 1 } }, /no feature "score:gone"/],
    [{ ...rerank, weights: { toString: 1 } }, /no feature "toString"/],
    [{ ...rerank, weights: {} }, /no features/],
    [{ ...rerank, candidates: { best: 0 } }, /both 0/],
  ])('refuses at once %#', async (settings, message) => {
    expect(await messageOf(() => outputsWriter([file], settings))).toMatch(message);
  });

  it('refuses what a candidate does not tell', async () => {
    const writer = outputsWriter([file], { ...rerank, weights: { log_probability: 1 } });
    expect(await messageOf(() => writer.texts(items))).toMatch(/"file".*no count of tokens/);
    const raw = outputsWriter([file], {
      ...{ ...rerank, weights: { log_probability: 1 } },
      lengthPenalty: 0,
    });
    expect(await raw.texts(items)).toEqual(items.map(() => ({ text: 'x' })));
    const silent: OutputMember = { model: writingMember('silent', () => 'x') };
    const other = outputsWriter([silent], { ...rerank, weights: { log_probability: 1 } });
    expect(await messageOf(() => other.texts(items))).toMatch(/"silent".*has none/);
    const impossible = { model: writingMember('never', () => 'x', Number.NEGATIVE_INFINITY) };
    const never = outputsWriter([impossible], {
      ...{ ...rerank, weights: { log_probability: 1 } },
      lengthPenalty: 0,
    });
    expect(await messageOf(() => never.texts(items))).toMatch(/feature log_probability is -Inf/);
  });
});

describe('a writer of outputs', () => {
  it('has texts for no items', async () => {
    expect(await outputsWriter(voters, mbr).texts([])).toEqual([]);
  });

  it('goes on without a member that fails, where the caller hears of it', async () => {
    const broken: LanguageModel = {
      name: 'broken',
      write: { texts: () => Promise.reject(new FusionError('bad_input', 'no such id')) },
      close: async () => {},
    };
    const members = [...voters, { model: broken }];
    expect(await messageOf(() => outputsWriter(members, mbr).texts(BALLOTS))).toBe(
      'member "broken": no such id',
    );
    const heard: string[] = [];
    const settings: OutputsSettings = {
      ...{ method: 'mbr', mbr: { utility: exactMatch } },
      onMemberFailure: (_, member) => heard.push(member),
    };
    const texts = await outputsWriter(members, settings).texts(BALLOTS);
    expect(texts.map(({ text }) => text)).toEqual(['a', 'a', 'c', 'b']);
    expect(heard).toEqual(['broken']);
  });

  it('stops within the comparisons', async () => {
    const controller = new AbortController();
    const long = Array.from({ length: 400 }, (_, i) => `word${i}`).join(' ');
    const members = Array.from({ length: 20 }, (_, k) => ({
      model: writingMember(`m${k}`, ({ id }) => `${id} ${k} ${long}`),
    }));
    const items = itemsOf(...Array.from({ length: 400 }, () => 'x'));
    // As soon as members have written; of 400 items with 400 comparisons each few are done by then.
    setTimeout(() => controller.abort());
    const { signal } = controller;
    const error = await outputsWriter(members, mbr)
      .texts(items, { signal })
      .catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'aborted' });
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a weight of %d', async (weight) => {
    const members = [{ ...voters[0]!, weight }];
    expect(await messageOf(() => outputsWriter(members, mbr))).toMatch(/member "x": its weight/);
  });
});
