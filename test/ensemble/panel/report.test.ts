import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createPanel } from '../../../src/ensemble/panel/createPanel.ts';
import { costOf } from '../../../src/ensemble/panel/report.ts';
import type { PanelSettings } from '../../../src/ensemble/panel/settings.ts';
import type { TextResponse } from '../../../src/model/languageModel.ts';
import { failure } from '../../model/http/fakeEndpoint.ts';
import { endpointMember, hangs, manualClock, says } from './members.ts';

const ask = { prompt: 'Why?' };
const KEY = 'sk-secret-0123456789';

describe('a report', () => {
  const settings: PanelSettings = {
    aggregator: 'c',
    proposers: ['a', 'b'],
    prices: {
      a: { input: 2, output: 10 },
      b: { input: 0, output: 1 },
      c: { input: 5, output: 25 },
    },
  };
  const members = async () => [
    await says('a', { text: 'A', input: 100, output: 20 }),
    await says('b', { text: 'B', input: 110, output: 30 }),
    await says('c', { text: 'C', input: 300, output: 40 }),
  ];

  it('sums tokens and costs over all calls', async () => {
    const response = await createPanel(await members(), settings).respond(ask);
    // (100 * 2 + 20 * 10) / 1e6, (30 * 1) / 1e6, (300 * 5 + 40 * 25) / 1e6
    const costs = [400e-6, 30e-6, 2500e-6];
    const { calls, totals } = response.report;
    for (const [i, { cost }] of calls.entries()) expect(cost).toBeCloseTo(costs[i]!, 15);
    expect(totals.cost).toBeCloseTo(2930e-6, 15);
    expect(totals).toMatchObject({ inputTokens: 510, outputTokens: 90, uncountedCalls: 0 });
    expect(response).toMatchObject({
      text: 'C',
      finish: 'stop',
      inputTokens: 510,
      outputTokens: 90,
    });
    expect(calls.map(({ role, status }) => [role, status])).toEqual([
      ['proposer', 'answered'],
      ['proposer', 'answered'],
      ['aggregator', 'answered'],
    ]);
  });

  it('has no cost without prices', async () => {
    const { prices: _, ...rest } = settings;
    const { report } = await createPanel(await members(), rest).respond(ask);
    expect(report.totals).not.toHaveProperty('cost');
    for (const call of report.calls) expect(call).not.toHaveProperty('cost');
  });

  it('counts answers that could not be used', async () => {
    const [a, , c] = await members();
    const b = await says('b', { text: ' ', input: 110, output: 30 });
    const panel = createPanel(
      [a!, b, c!],
      { ...settings, proposers: ['a', 'b', 'c'] },
      { onFailure: 'drop' },
    );
    const { calls, totals } = (await panel.respond(ask)).report;
    expect(calls[1]).toMatchObject({ status: 'unusable', inputTokens: 110, outputTokens: 30 });
    expect(totals.cost).toBeCloseTo(400e-6 + 30e-6 + 2 * 2500e-6, 15);
    expect(totals.uncountedCalls).toBe(0);
  });

  it('says how many calls are not counted', async () => {
    const [a, b, c] = await members();
    const proposers = ['a', 'b', 'slow'];
    const panel = createPanel([a!, b!, c!, await hangs('slow')], {
      ...settings,
      proposers,
      quorum: 2,
    });
    const { calls, totals } = (await panel.respond(ask)).report;
    expect(calls[2]).toMatchObject({ member: 'slow', status: 'cancelled' });
    expect(calls[2]).not.toHaveProperty('cost');
    expect(totals.uncountedCalls).toBe(1);
    expect(totals.cost).toBeCloseTo(2930e-6, 15);
  });

  it('does not take tokens that nobody counted for none', async () => {
    const quiet = (name: string) => {
      const answer: TextResponse = { text: name, finish: 'stop' };
      const model = { name, respond: { respond: async () => answer }, close: async () => {} };
      return { name, model, weight: 1, temperature: 1 };
    };
    const panel = createPanel([quiet('a'), quiet('b')], { aggregator: 'a' });
    const response = await panel.respond(ask);
    expect(response).not.toHaveProperty('inputTokens');
    expect(response.report.totals).toMatchObject({ inputTokens: 0, uncountedCalls: 3 });
  });

  it('has the time of each call and of the whole', async () => {
    const clock = manualClock();
    const a = await endpointMember('a', () => {
      clock.advance(70);
      return 'A';
    });
    const b = await endpointMember('b', async () => {
      await clock.hasWaiting(1);
      clock.advance(30);
      return 'B';
    });
    const panel = createPanel([a, b], { mode: 'vote' }, { vote: () => ({ index: 1 }), clock });
    const { report } = await panel.respond(ask);
    expect(report.calls.map(({ latencyMs }) => latencyMs)).toEqual([70, 100]);
    expect(report.totals.latencyMs).toBe(100);
  });

  it('is plain data', async () => {
    const { report } = await createPanel(await members(), settings).respond(ask);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it('holds no key, nor does an error, whatever a server repeats', async () => {
    const leaks = await endpointMember('leaks', () => 401, { apiKey: KEY });
    const echoes = await endpointMember(
      'echoes',
      (_, { headers }) => String(headers.authorization),
      {
        apiKey: KEY,
      },
    );
    const out = await endpointMember('out', () => 'done', { apiKey: KEY });
    const proposers = ['leaks', 'echoes', 'out'];
    const panel = createPanel(
      [leaks, echoes, out],
      { aggregator: 'out', proposers },
      { onFailure: 'drop' },
    );
    const { report } = await panel.respond(ask);
    const strict = createPanel([leaks, echoes, out], { aggregator: 'out', proposers });
    const error = await failure(strict.respond(ask));
    for (const value of [report, error, panel]) {
      expect(inspect(value, { depth: 9, showHidden: true })).not.toContain('0123456789');
    }
  });
});

describe('a cost', () => {
  it('is that of a million tokens, by their kind', () => {
    expect(costOf({ inputTokens: 1e6, outputTokens: 0 }, { input: 3, output: 15 })).toBe(3);
    expect(costOf({ inputTokens: 0, outputTokens: 2e6 }, { input: 3, output: 15 })).toBe(30);
    expect(costOf({ inputTokens: 5 }, { input: 3, output: 15 })).toBeUndefined();
    expect(costOf({ inputTokens: 5, outputTokens: 5 }, undefined)).toBeUndefined();
  });
});
