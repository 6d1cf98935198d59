import { describe, expect, it } from 'vitest';
import type { Member } from '../../../src/ensemble/member.ts';
import { createPanel, type PanelOptions } from '../../../src/ensemble/panel/createPanel.ts';
import type { PanelSettings } from '../../../src/ensemble/panel/settings.ts';
import type { TextResponse } from '../../../src/model/languageModel.ts';
import { failure } from '../../model/http/fakeEndpoint.ts';
import { abandons, endpointMember, hangs, manualClock, says } from './members.ts';

const ask = { prompt: 'Why?' };

/** A vote for the first answer, so that all that is tested is who is heard. */
const heard: string[][] = [];
const vote: NonNullable<PanelOptions['vote']> = (answers) => {
  heard.push(answers.map(({ text }) => text));
  return { index: 0 };
};

function panelOf(
  members: readonly Member[],
  settings: PanelSettings = {},
  options: PanelOptions = {},
) {
  return createPanel(members, { mode: 'vote', ...settings }, { vote, ...options });
}

/** A member within this process, for what no endpoint does. */
function inProcess(name: string, respond: () => Promise<TextResponse>): Member {
  const model = { name, respond: { respond }, close: async () => {} };
  return { name, model, weight: 1, temperature: 1 };
}

describe('a quorum', () => {
  it('ends the waiting at once where there is no grace time', async () => {
    const slow = await hangs('slow');
    const members = [await says('a', 'A'), slow, await says('c', 'C')];
    const { report } = await panelOf(members, { quorum: 2 }).respond(ask);
    expect(heard.at(-1)).toEqual(['A', 'C']);
    expect(report.calls.map(({ status }) => status)).toEqual(['answered', 'cancelled', 'answered']);
    expect(report.missing).toEqual([{ member: 'slow', reason: 'was not waited for any longer' }]);
    await abandons(slow, 1);
  });

  it.each([
    ['answers within it', 4999, ['A', 'B', 'C']],
    ['does not', 5000, ['A', 'C']],
  ])('leaves a straggler the grace time: one that %s', async (_, milliseconds, expected) => {
    const clock = manualClock();
    let answer = (_: string) => {};
    const later = new Promise<string>((resolve) => {
      answer = resolve;
    });
    const slow = await endpointMember('slow', () => later);
    const members = [await says('a', 'A'), slow, await says('c', 'C')];
    const panel = panelOf(members, { quorum: 2, grace_seconds: 5 }, { clock });
    const response = panel.respond(ask);
    await clock.waitsFor(5000);
    clock.advance(milliseconds);
    answer('B');
    await response;
    expect(heard.at(-1)).toEqual(expected);
    expect(clock.waiting()).toBe(0);
  });

  it('counts usable answers alone', async () => {
    const members = [
      await says('empty', ' \n'),
      await says('cut', { text: 'Because', finish: 'length' }),
      await says('refusing', 'I cannot help with that.'),
      await says('a', 'A'),
      await says('b', 'B'),
    ];
    const refuse = ({ text }: TextResponse) =>
      text.startsWith('I cannot') ? 'it was refused' : undefined;
    const { report } = await panelOf(members, { quorum: 2 }, { refuse }).respond(ask);
    expect(heard.at(-1)).toEqual(['A', 'B']);
    expect(report.missing.map(({ member }) => member)).toEqual(
      report.calls.filter(({ status }) => status !== 'answered').map(({ member }) => member),
    );
    const dropped = await panelOf(members, {}, { refuse, onFailure: 'drop' }).respond(ask);
    expect(dropped.report.missing).toEqual([
      { member: 'empty', reason: 'the answer is empty' },
      { member: 'cut', reason: 'the answer was cut at its longest' },
      { member: 'refusing', reason: 'it was refused' },
    ]);
  });

  it('takes answers that are cut where it is told to', async () => {
    const members = [await says('a', { text: 'A', finish: 'length' }), await says('b', 'B')];
    const response = await panelOf(members, { allow_cut: true }).respond(ask);
    expect(response).toMatchObject({ text: 'A', finish: 'length', report: { missing: [] } });
  });

  it('that cannot be reached any more is an error at once, and the others are cancelled', async () => {
    const slow = await hangs('slow');
    const ill = await endpointMember('ill', async () => {
      await slow.endpoint.arrived(1);
      return 500;
    });
    const error = await failure(panelOf([slow, ill]).respond(ask));
    expect(error.code).toBe('bad_input');
    expect(error.message).toMatch(
      /^0 usable answers, and 2 are needed \(ill: http:\S+ answered 500: "is ill"\)$/,
    );
    await abandons(slow, 1);
  });
});

describe('a failure', () => {
  const three = async () => [await says('a', 'A'), await says('ill', 503), await says('empty', '')];

  it('names every member at fault, with its reason', async () => {
    for (const onFailure of ['error', { quorum: 2 }] as const) {
      const error = await failure(panelOf(await three(), {}, { onFailure }).respond(ask));
      expect(error.message).toMatch(/usable answers?, and [23] are needed \(/);
      expect(error.message).toMatch(/ill: \S+ answered 503|empty: the answer is empty/);
    }
    const nobody = [await says('ill', 503), await says('empty', '')];
    const error = await failure(panelOf(nobody, {}, { onFailure: 'drop' }).respond(ask));
    expect(error.message).toMatch(
      /^0 usable answers, and 1 is needed \(ill: \S+ answered 503: "is ill"; empty: the answer is empty\)$/,
    );
  });

  it('may be dropped, and is told of', async () => {
    const missing: unknown[] = [];
    const panel = panelOf(await three(), {}, { onFailure: 'drop' });
    const { text, report } = await panel.respond(ask, { onMissing: (each) => missing.push(each) });
    expect(text).toBe('A');
    expect(report.isLoneSurvivor).toBe(true);
    expect(missing).toEqual(report.missing);
    expect(report.missing.map(({ member }) => member)).toEqual(['ill', 'empty']);
  });

  it('may be dropped down to a number of answers', async () => {
    const members = [...(await three()), await says('d', 'D')];
    await panelOf(members, {}, { onFailure: { quorum: 2 } }).respond(ask);
    expect(heard.at(-1)).toEqual(['A', 'D']);
  });

  it('of ours is never passed over, and the others are cancelled', async () => {
    const slow = await hangs('slow');
    const broken = inProcess('broken', async () => {
      await slow.endpoint.arrived(1);
      throw new TypeError('undefined is not a function');
    });
    const response = panelOf([slow, broken], {}, { onFailure: 'drop' }).respond(ask);
    await expect(response).rejects.toThrow(TypeError);
    await abandons(slow, 1);
  });
});

describe('time', () => {
  it('is limited for each call', async () => {
    const clock = manualClock();
    const slow = await hangs('slow');
    const panel = panelOf(
      [await says('a', 'A'), slow],
      { timeout_seconds: 30 },
      { clock, onFailure: 'drop' },
    );
    const response = panel.respond(ask);
    await slow.endpoint.arrived(1);
    await clock.hasWaiting(1);
    clock.advance(29_999);
    expect(slow.endpoint.abandoned()).toBe(0);
    clock.advance(1);
    const { report } = await response;
    expect(report.missing).toEqual([{ member: 'slow', reason: 'no answer within 30 s' }]);
    expect(report.calls[1]).toMatchObject({ status: 'timed_out', latencyMs: 30_000 });
    await abandons(slow, 1);
  });

  it('is limited for the whole', async () => {
    const clock = manualClock();
    const slow = await hangs('slow');
    const members = [await says('a', 'A'), slow];
    const panel = panelOf(members, { total_timeout_seconds: 10 }, { clock, onFailure: 'drop' });
    const response = failure(panel.respond(ask));
    await slow.endpoint.arrived(1);
    clock.advance(10_000);
    const { code, message } = await response;
    expect(code).toBe('bad_input');
    expect(message).toMatch(/^the panel has no answer within 10 s \(.*was not waited for/);
    await abandons(slow, 1);
    expect(clock.waiting()).toBe(0);
  });

  it('is real time unless another clock is given', async () => {
    const members = [await hangs('a'), await hangs('b')];
    const panel = panelOf(members, { timeout_seconds: 0.05 });
    expect((await failure(panel.respond(ask))).message).toContain('a: no answer within 0.05 s');
  });
});

describe('a request that the caller stops', () => {
  it('ends all calls and closes their connections', async () => {
    const members = [await hangs('a'), await hangs('b'), await says('c', 'C')];
    const clock = manualClock();
    const controller = new AbortController();
    const panel = panelOf(members, { total_timeout_seconds: 9 }, { clock });
    const response = failure(panel.respond(ask, { signal: controller.signal }));
    await Promise.all(members.map(({ endpoint }) => endpoint.arrived(1)));
    controller.abort();
    expect(await response).toMatchObject({ code: 'aborted', message: 'the request was stopped' });
    await abandons(members[0]!, 1);
    await abandons(members[1]!, 1);
    expect(clock.waiting()).toBe(0);
  });

  it('before it begins asks nobody', async () => {
    const members = [await says('a', 'A'), await says('b', 'B')];
    const response = panelOf(members).respond(ask, { signal: AbortSignal.abort() });
    expect((await failure(response)).code).toBe('aborted');
    expect(members.map(({ endpoint }) => endpoint.asked.length)).toEqual([0, 0]);
  });

  it('ends even if a member does not listen, and fails later', async () => {
    let fail = (_: Error) => {};
    const deaf = inProcess(
      'deaf',
      () =>
        new Promise<TextResponse>((_, reject) => {
          fail = reject;
        }),
    );
    const a = await says('a', 'A');
    const controller = new AbortController();
    const response = failure(panelOf([a, deaf]).respond(ask, { signal: controller.signal }));
    await a.endpoint.arrived(1);
    controller.abort();
    expect((await response).code).toBe('aborted');
    fail(new Error('too late'));
  });

  it('does not stop others that wait for the same panel', async () => {
    const slow = await endpointMember('slow', (_prompt, _asked, count) =>
      count === 1 ? undefined : 'B',
    );
    const panel = panelOf([await says('a', 'A'), slow]);
    const controller = new AbortController();
    const stopped = failure(panel.respond(ask, { signal: controller.signal }));
    await slow.endpoint.arrived(1);
    const other = panel.respond(ask);
    controller.abort();
    expect((await stopped).code).toBe('aborted');
    expect((await other).text).toBe('A');
  });
});
