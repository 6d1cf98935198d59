import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Member } from '../../../src/ensemble/member.ts';
import { createPanel, type PanelOptions } from '../../../src/ensemble/panel/createPanel.ts';
import type { PanelSettings } from '../../../src/ensemble/panel/settings.ts';
import { failure } from '../../model/http/fakeEndpoint.ts';
import { abandons, endpointMember, hangs, says, shownIn } from './members.ts';

const ask = { prompt: 'How many?' };

type Vote = NonNullable<PanelOptions['vote']>;

/** Plurality by the last number in an answer; ties go to the answer that comes first. */
const plurality: Vote = (answers) => {
  const totals = new Map<string, number>();
  const keys = answers.map(({ text }) => /\d+(?!.*\d)/.exec(text)?.[0] ?? '');
  for (const [i, key] of keys.entries()) {
    totals.set(key, (totals.get(key) ?? 0) + answers[i]!.weight);
  }
  const most = Math.max(...totals.values());
  return { index: keys.findIndex((key) => totals.get(key) === most) };
};

/** Without a network, for many runs. */
function inProcess(name: string, text: string, weight = 1): Member {
  const respond = { respond: async () => ({ text, finish: 'stop' as const }) };
  return { name, weight, temperature: 1, model: { name, respond, close: async () => {} } };
}

describe('a vote', () => {
  const voteOf = (members: readonly Member[], settings: PanelSettings = {}, vote = plurality) =>
    createPanel(members, { mode: 'vote', ...settings }, { vote }).respond(ask);

  it('gives the answer that it chooses as it is, in one piece', async () => {
    const members = [await says('a', 'It is 4.'), await says('b', '5'), await says('c', 'So, 5!')];
    const pieces: string[] = [];
    const panel = createPanel(members, { mode: 'vote' }, { vote: plurality });
    const { text, report } = await panel.respond(ask, { onText: (piece) => pieces.push(piece) });
    expect(text).toBe('5');
    expect(pieces).toEqual(['5']);
    expect(report).toMatchObject({ winner: 'b', winningCall: 1, isLoneSurvivor: false });
  });

  it('counts weights', async () => {
    const members = [inProcess('a', '4', 3), inProcess('b', '5'), inProcess('c', '5')];
    expect((await voteOf(members)).text).toBe('4');
  });

  it('does not depend on the order of members, but for ties, where the first wins', async () => {
    const ballots = fc.array(
      fc.record({ answer: fc.nat(3), weight: fc.integer({ min: 1, max: 4 }) }),
      {
        minLength: 2,
        maxLength: 6,
      },
    );
    const permuted = ballots.chain((list) => {
      const members = list.map(({ answer, weight }, i) => inProcess(`m${i}`, `${answer}`, weight));
      const shuffled = fc.shuffledSubarray(members, { minLength: members.length });
      return fc.record({ members: fc.constant(members), shuffled });
    });
    await fc.assert(
      fc.asyncProperty(permuted, async ({ members, shuffled }) => {
        const totals = new Map<string, number>();
        for (const { model, weight } of members) {
          const { text } = await model.respond!.respond(ask);
          totals.set(text, (totals.get(text) ?? 0) + weight);
        }
        const most = Math.max(...totals.values());
        const tied = [...totals].filter(([, total]) => total === most).map(([text]) => text);
        const texts = [(await voteOf(members)).text, (await voteOf(shuffled)).text];
        for (const text of texts) expect(tied).toContain(text);
        if (tied.length === 1) expect(texts[0]).toBe(texts[1]);
      }),
    );
  });

  it('may be among several samples of a member, each with a seed of its own', async () => {
    const a = await endpointMember('a', (_prompt, _asked, count) => (count === 2 ? '4' : '5'));
    const settings: PanelSettings = { mode: 'vote', samples: 3 };
    const panel = createPanel([a], settings, { vote: plurality });
    const { text, report } = await panel.respond({ ...ask, seed: 2 ** 32 - 1, temperature: 1 });
    expect(text).toBe('5');
    expect(report.calls.map(({ member, sample }) => [member, sample])).toEqual([
      ['a', 1],
      ['a', 2],
      ['a', 3],
    ]);
    const seeds = a.endpoint.asked.map(({ body }) => body.seed as number);
    expect(seeds.sort((x, y) => x - y)).toEqual([0, 1, 2 ** 32 - 1]);
  });

  it('for an answer that is not there is refused', async () => {
    const members = [inProcess('a', '4'), inProcess('b', '5')];
    const response = voteOf(members, {}, () => ({ index: 2 }));
    expect((await failure(response)).message).toBe('the vote chose answer 2 of 2, counted from 0');
  });
});

describe('the first', () => {
  it('usable answer wins, and the others are cancelled', async () => {
    const slow = await hangs('slow');
    const members = [
      slow,
      await says('ill', 500),
      await says('empty', ''),
      await endpointMember('b', async () => {
        await slow.endpoint.arrived(1);
        return 'B';
      }),
    ];
    const pieces: string[] = [];
    const panel = createPanel(members, { mode: 'first' });
    const { text, report } = await panel.respond(ask, { onText: (piece) => pieces.push(piece) });
    expect(text).toBe('B');
    expect(pieces).toEqual(['B']);
    expect(report).toMatchObject({ winner: 'b', winningCall: 3 });
    expect(report.calls[0]!.status).toBe('cancelled');
    expect(report.missing.map(({ member }) => member)).not.toContain('slow');
    await abandons(slow, 1);
  });

  it('fails when all have, with every reason', async () => {
    const members = [await says('ill', 500), await says('empty', '')];
    const error = await failure(createPanel(members, { mode: 'first' }).respond(ask));
    expect(error.message).toMatch(
      /^0 usable answers, and 1 is needed \(ill: .* answered 500: "is ill"; empty: the answer is empty\)$/,
    );
  });
});

describe('a cascade', () => {
  const byProbability = { mode: 'cascade', confidence: 'log_probability' } as const;
  const sure = { text: 'sure', output: 2, logProbabilities: [-0.1, -0.3] };
  const unsure = { text: 'unsure', output: 2, logProbabilities: [-1, -2] };
  const logProbabilities = { logProbabilities: true };
  const tells = (name: string, answer: typeof sure) =>
    endpointMember(name, () => answer, logProbabilities);

  it('ends with the first answer that is probable enough per token', async () => {
    const members = [await tells('a', unsure), await tells('b', sure), await says('c', 'C')];
    const panel = createPanel(members, { ...byProbability, threshold: -0.2 });
    const { text, logProbability, report } = await panel.respond(ask);
    expect(text).toBe('sure');
    expect(logProbability).toBeCloseTo(-0.4, 12);
    expect(report.calls.map(({ member }) => member)).toEqual(['a', 'b']);
    expect(report.calls[0]!.confidence).toBe(-1.5);
    expect(report.calls[1]!.confidence).toBeCloseTo(-0.2, 12);
    expect(members[2]!.endpoint.asked).toEqual([]);
  });

  it('takes the last answer as it is', async () => {
    const members = [await tells('a', unsure), await says('c', 'C')];
    const { text, report } = await createPanel(members, {
      ...byProbability,
      threshold: -0.2,
    }).respond(ask);
    expect(text).toBe('C');
    expect(report.calls[1]).not.toHaveProperty('confidence');
  });

  it('gives the most confident answer if the last members fail and that is allowed', async () => {
    const lessUnsure = { ...unsure, text: 'less unsure', logProbabilities: [-1, -1] };
    const members = [
      await says('ill', 500),
      await tells('a', lessUnsure),
      await tells('b', unsure),
      await says('empty', ''),
    ];
    const settings = { ...byProbability, threshold: -0.2 };
    const panel = createPanel(members, settings, { onFailure: 'drop' });
    const { text, report } = await panel.respond(ask);
    expect(text).toBe('less unsure');
    expect(report.missing.map(({ member }) => member)).toEqual(['ill', 'empty']);
    const strict = await failure(createPanel(members, settings).respond(ask));
    expect(strict.message).toMatch(/^proposer ill: .* answered 500/);
    const none = [await says('ill', 500), await says('empty', '')];
    const all = createPanel(none, settings, { onFailure: 'drop' }).respond(ask);
    expect((await failure(all)).message).toMatch(/^0 usable answers, and 1 is needed \(ill: /);
  });

  it('refuses a member that tells no log-probability', async () => {
    const members = [await says('a', 'A'), await says('b', 'B')];
    const panel = createPanel(members, { ...byProbability, threshold: -1 });
    expect((await failure(panel.respond(ask))).message).toBe(
      'member a: does not tell the log-probability of its answer, which is the confidence',
    );
  });

  it('may go by the ratings of a judge', async () => {
    const judge = await endpointMember('judge', (prompt) =>
      shownIn(prompt)[0] === 'good' ? 'Fine. [[8]]' : 'Poor. [[7.5]]',
    );
    const members = [await says('a', 'bad'), await says('b', 'good'), await says('c', 'C'), judge];
    const settings: PanelSettings = {
      ...{ mode: 'cascade', confidence: 'judge', judge: 'judge', threshold: 0.8 },
      proposers: ['a', 'b', 'c'],
    };
    const { text, report } = await createPanel(members, settings).respond(ask);
    expect(text).toBe('good');
    expect(report.calls).toMatchObject([
      { member: 'a', confidence: 0.75 },
      { member: 'judge', shown: [0], rating: 7.5 },
      { member: 'b', confidence: 0.8 },
      { member: 'judge', shown: [2], rating: 8 },
    ]);
  });

  it('may go by a function, and goes on where a rating is missing if that is allowed', async () => {
    const members = [inProcess('a', 'short'), inProcess('b', 'long enough'), inProcess('c', 'C')];
    const confidence = ({ text }: { readonly text: string }) => text.length;
    const settings: PanelSettings = { mode: 'cascade', threshold: 10 };
    const { report } = await createPanel(members, settings, { confidence }).respond(ask);
    expect(report).toMatchObject({ winner: 'b', calls: [{ confidence: 5 }, { confidence: 11 }] });
    const nan = createPanel(members, settings, { confidence: () => Number.NaN });
    expect((await failure(nan.respond(ask))).message).toBe('member a: its confidence is NaN');
    const judged: PanelSettings = { ...settings, confidence: 'judge', judge: 'c' };
    const lenient = await createPanel(members, judged, { onFailure: 'drop' }).respond(ask);
    expect(lenient.report).toMatchObject({ winner: 'c', calls: { length: 5 } });
    expect((await failure(createPanel(members, judged).respond(ask))).message).toBe(
      'judge c: the answer has no verdict in double brackets',
    );
  });
});

describe('a route', () => {
  it('leads to one member, whose text streams', async () => {
    const members = [await says('a', 'A'), await says('b', 'B one two')];
    const route: PanelOptions['route'] = async ({ prompt }, names) =>
      prompt === ask.prompt ? names[1]! : 'nowhere';
    const panel = createPanel(members, { mode: 'route' }, { route });
    const pieces: string[] = [];
    const { report } = await panel.respond(ask, { onText: (piece) => pieces.push(piece) });
    expect(pieces).toEqual(['B ', 'one ', 'two']);
    expect(report).toMatchObject({ winner: 'b', calls: [{ member: 'b', status: 'answered' }] });
    expect((await failure(panel.respond({ prompt: '?' }))).message).toBe(
      'the route leads to nowhere, and there are a, b',
    );
  });

  it('can be left while it is being chosen', async () => {
    const members = [inProcess('a', 'A')];
    const controller = new AbortController();
    const route = () => {
      controller.abort();
      return new Promise<string>(() => {});
    };
    const panel = createPanel(members, { mode: 'route' }, { route });
    const response = panel.respond(ask, { signal: controller.signal });
    expect((await failure(response)).code).toBe('aborted');
  });
});
