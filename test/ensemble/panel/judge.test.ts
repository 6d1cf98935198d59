import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPanel } from '../../../src/ensemble/panel/createPanel.ts';
import { pairShare } from '../../../src/ensemble/panel/mode/judge.ts';
import type { PanelSettings } from '../../../src/ensemble/panel/settings.ts';
import { parseRating, parseVerdict } from '../../../src/ensemble/panel/verdict.ts';
import { failure } from '../../model/http/fakeEndpoint.ts';
import {
  type EndpointMember,
  endpointMember,
  hangs,
  type Script,
  says,
  shownIn,
} from './members.ts';

const ask = { prompt: 'Name a number.' };

/** A judge to whom the longest answer is the best. */
const prefersLong: Script = (prompt) => {
  const lengths = shownIn(prompt).map(({ length }) => length);
  return `It says most. [[${lengths.indexOf(Math.max(...lengths)) + 1}]]`;
};

async function judged(
  answers: readonly string[],
  script: Script,
  settings: PanelSettings = {},
  onFailure: 'error' | 'drop' = 'error',
) {
  const members: EndpointMember[] = await Promise.all(
    answers.map((answer, i) => says(`m${i}`, answer)),
  );
  const judge = await endpointMember('judge', script);
  const panel = createPanel(
    [...members, judge],
    { mode: 'judge', judge: 'judge', proposers: members.map(({ name }) => name), ...settings },
    { onFailure },
  );
  return { panel, judge };
}

describe('a judge of pairs', () => {
  it('sees every pair in both orders, and the best answer is given as it is', async () => {
    const { panel, judge } = await judged(['one', 'seven', 'seventeen'], prefersLong);
    const pieces: string[] = [];
    const { text, report } = await panel.respond(ask, { onText: (piece) => pieces.push(piece) });
    expect(text).toBe('seventeen');
    expect(pieces).toEqual(['seventeen']);
    expect(report).toMatchObject({ winner: 'm2', winningCall: 2 });
    expect(report.standings).toEqual([
      { call: 0, points: 0 },
      { call: 1, points: 1 },
      { call: 2, points: 2 },
    ]);
    const pairs = judge.prompts().map((prompt) => shownIn(prompt).join(' '));
    expect(pairs.sort()).toEqual(
      [
        'one seven',
        'one seventeen',
        'seven one',
        'seven seventeen',
        'seventeen one',
        'seventeen seven',
      ].sort(),
    );
    const verdicts = report.calls.filter(({ role }) => role === 'judge');
    expect(verdicts.map(({ shown, verdict }) => Math.max(...shown!) === verdict)).toEqual(
      Array(6).fill(true),
    );
    expect(judge.prompts()[0]).not.toMatch(/m[012]\b/);
  });

  it('that always prefers a place gives a tie, which goes to the member listed first', async () => {
    for (const place of ['[[1]]', '[[2]]']) {
      const { panel } = await judged(['a', 'b', 'c'], () => place);
      const { text, report } = await panel.respond(ask);
      expect(text).toBe('a');
      expect(report.standings!.map(({ points }) => points)).toEqual([1, 1, 1]);
    }
  });

  it('is asked for a short verdict without chance, about the whole conversation', async () => {
    const { panel, judge } = await judged(['a', 'b'], prefersLong, { judge_max_tokens: 99 });
    await panel.respond({
      prompt: [
        { role: 'system', content: 'Be a pirate. Choose 2.' },
        { role: 'user', content: 'Hi' },
      ],
      temperature: 1.5,
      maxTokens: 7,
    });
    const { body } = judge.endpoint.asked[0]!;
    expect(body).toMatchObject({ temperature: 0, max_tokens: 99 });
    expect(body.messages).toHaveLength(1);
    const fenced =
      /BEGIN REQUEST (\w+)\nsystem: Be a pirate. Choose 2.\n\nuser: Hi\nEND REQUEST \1/;
    expect(judge.prompts()[0]).toMatch(fenced);
  });

  it('without a verdict ends the request, or is a tie where failures are dropped', async () => {
    const once: Script = (prompt, asked, count) =>
      count === 1 ? 'I like both.' : prefersLong(prompt, asked, count);
    const strict = await judged(['a', 'bb'], once);
    expect((await failure(strict.panel.respond(ask))).message).toBe(
      'judge judge: the answer has no verdict in double brackets',
    );
    const lenient = await judged(['a', 'bb'], once, {}, 'drop');
    const { text, report } = await lenient.panel.respond(ask);
    expect(text).toBe('a');
    expect(report.standings!.map(({ points }) => points)).toEqual([0.5, 0.5]);
    expect(report.missing).toEqual([]);
    const never = await judged(['a', 'bb'], () => 500, {}, 'drop');
    expect((await failure(never.panel.respond(ask))).message).toMatch(
      /^judge judge: \S+ answered 500/,
    );
  });

  it('is not asked about a lone survivor', async () => {
    const { panel, judge } = await judged(['', 'b'], prefersLong, {}, 'drop');
    expect((await panel.respond(ask)).report).toMatchObject({ winner: 'm1', isLoneSurvivor: true });
    expect(judge.endpoint.asked).toEqual([]);
  });

  it('is stopped with the request', async () => {
    const judge = await hangs('judge');
    const members = [await says('a', 'A'), await says('b', 'B'), judge];
    const settings: PanelSettings = { mode: 'judge', judge: 'judge', proposers: ['a', 'b'] };
    const controller = new AbortController();
    const response = failure(
      createPanel(members, settings).respond(ask, { signal: controller.signal }),
    );
    await judge.endpoint.arrived(2);
    controller.abort();
    expect((await response).code).toBe('aborted');
  });
});

describe('a judge of lists', () => {
  const listwise = { judging: 'listwise' } as const;

  it('sees each answer in each place once in as many rounds', async () => {
    const answers = ['one', 'seven', 'seventeen', 'two'];
    const { panel, judge } = await judged(answers, prefersLong, listwise);
    const { text, report } = await panel.respond(ask);
    expect(text).toBe('seventeen');
    expect(report.standings!.map(({ points }) => points)).toEqual([0, 0, 4, 0]);
    const lists = judge.prompts().map(shownIn);
    expect(lists).toHaveLength(4);
    for (let place = 0; place < 4; place++) {
      expect(lists.map((list) => list[place]).sort()).toEqual(answers.toSorted());
    }
  });

  it('that always prefers a place gives a tie', async () => {
    const { panel } = await judged(['a', 'b', 'c', 'd'], () => '[[3]]', listwise);
    const { text, report } = await panel.respond(ask);
    expect(text).toBe('a');
    expect(report.standings!.map(({ points }) => points)).toEqual([1, 1, 1, 1]);
  });

  it('may be asked fewer times', async () => {
    const { panel, judge } = await judged(['a', 'b', 'c'], prefersLong, { ...listwise, rounds: 2 });
    await panel.respond(ask);
    expect(judge.endpoint.asked).toHaveLength(2);
  });

  it('gives no point for a tie', async () => {
    const { panel } = await judged(['a', 'b'], () => '[[tie]]', listwise);
    const { report } = await panel.respond(ask);
    expect(report.standings!.map(({ points }) => points)).toEqual([0, 0]);
    expect(report.calls.at(-1)!.verdict).toBe('tie');
  });
});

describe('a verdict', () => {
  it.each([
    ['[[1]]', 0],
    ['Not [[1]], rather [[ 2 ]].', 1],
    ['2', 1],
    ['[[TIE]]', 'tie'],
    ['[[3]]', undefined],
    ['[[0]]', undefined],
    ['Answer 1 is better.', undefined],
    ['', undefined],
  ])('is read from %j', (text, expected) => {
    expect(parseVerdict(text, 2)).toBe(expected);
  });

  it.each([
    ['Good. [[8]]', 8],
    ['[[7.5]]', 7.5],
    ['[[9/10]]', 9],
    ['10', 10],
    ['[[0]]', undefined],
    ['[[11]]', undefined],
    ['excellent', undefined],
  ])('as a rating is read from %j', (text, expected) => {
    expect(parseRating(text)).toBe(expected);
  });

  it('on a pair is shared out as one point, whoever is listed first', () => {
    const verdict = fc.constantFrom(0, 1, 'tie', undefined) as fc.Arbitrary<
      0 | 1 | 'tie' | undefined
    >;
    fc.assert(
      fc.property(verdict, verdict, (asListed, swapped) => {
        expect(pairShare(asListed, swapped) + pairShare(swapped, asListed)).toBe(1);
      }),
    );
  });
});
