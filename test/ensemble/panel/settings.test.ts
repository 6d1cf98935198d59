import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Member } from '../../../src/ensemble/member.ts';
import { createPanel, type PanelOptions } from '../../../src/ensemble/panel/createPanel.ts';
import {
  PANEL_KEYS,
  PANEL_MODES,
  type PanelSettings,
  panelSettings,
} from '../../../src/ensemble/panel/settings.ts';
import { FusionError } from '../../../src/errors.ts';
import type { LanguageModel } from '../../../src/model/languageModel.ts';

const writer: Partial<LanguageModel> = {
  respond: { respond: async () => ({ text: 'x', finish: 'stop' }) },
};

function member(name: string, model: Partial<LanguageModel> = writer): Member {
  return { name, weight: 1, temperature: 1, model: { name, close: async () => {}, ...model } };
}

const members = [member('a'), member('b'), member('c')];
const vote: PanelOptions['vote'] = () => ({ index: 0 });

describe('a panel', () => {
  it.each<[string, PanelSettings, PanelOptions, string]>([
    ['without an aggregator', {}, {}, 'a panel of mode aggregate needs an aggregator'],
    ['without a judge', { mode: 'judge' }, {}, 'a panel of mode judge needs a judge'],
    [
      'without a vote',
      { mode: 'vote' },
      {},
      'a panel of mode vote needs a function that counts the votes',
    ],
    [
      'without a route',
      { mode: 'route' },
      {},
      'a panel of mode route needs a function that chooses the member',
    ],
    [
      'of an unknown aggregator',
      { aggregator: 'd' },
      {},
      'aggregator: there is no member d, only a, b, c',
    ],
    [
      'of an unknown proposer',
      { proposers: ['a', 'x'] },
      {},
      'proposers: there is no member x, only a, b, c',
    ],
    [
      'with a price for nobody',
      { prices: { x: { input: 1, output: 1 } } },
      {},
      'prices: there is no member x, only a, b, c',
    ],
    [
      'with a proposer twice',
      { aggregator: 'a', proposers: ['a', 'a'] },
      {},
      'proposers: two are called a',
    ],
    [
      'with one answer',
      { aggregator: 'a', proposers: ['b'] },
      {},
      'a panel of mode aggregate needs 2 answers or more, and there is 1',
    ],
    [
      'with a quorum of more than all',
      { mode: 'vote', quorum: 4 },
      { vote },
      'quorum: 4, but there are 3 answers',
    ],
    [
      'that needs more than is enough',
      { mode: 'vote', quorum: 2 },
      { vote, onFailure: { quorum: 3 } },
      'on_failure: a quorum of 3, but 2 answers are enough',
    ],
    [
      'with grace without a quorum',
      { mode: 'vote', grace_seconds: 1 },
      { vote },
      'grace_seconds: begin with a quorum, and there is none',
    ],
    [
      'with rounds of pairs',
      { mode: 'judge', judge: 'a', rounds: 2 },
      {},
      'rounds: are those of a listwise judge, and this one compares pairs',
    ],
    [
      'with a quorum for one',
      { mode: 'first', quorum: 1 },
      {},
      'quorum: means nothing in a panel of mode first, only in aggregate, judge, vote',
    ],
    [
      'with an idle judge',
      { aggregator: 'a', judge: 'b' },
      {},
      'judge: means nothing in a panel of mode aggregate, only in judge, cascade',
    ],
    [
      'that never ends a cascade',
      { mode: 'cascade', confidence: 'log_probability' },
      {},
      'a cascade needs a threshold',
    ],
    [
      'whose cascade measures nothing',
      { mode: 'cascade', threshold: 0 },
      {},
      'a cascade needs a confidence: log_probability, judge, or a function',
    ],
    [
      'whose cascade has no judge',
      { mode: 'cascade', threshold: 0, confidence: 'judge' },
      {},
      'a cascade has a judge if its confidence is judge, and else none',
    ],
  ])('%s is refused', (_, settings, options, message) => {
    expect(() => createPanel(members, settings, options)).toThrow(message);
  });

  it.each<[unknown, string]>([
    [{ mode: 'first', timeout_seconds: 3e6 }, 'timeout_seconds: Too big: expected number to be'],
    [{ mode: 'first', seed: 'x' }, 'seed: expected a number, got the text "x"'],
    [{ agregator: 'a' }, 'panel: unknown key "agregator"; did you mean "aggregator"?'],
    [{ prices: { a: { input: 1 } } }, 'prices.a.output: expected a number, got nothing'],
  ])('checks settings that no parser has seen: %j', (given, message) => {
    const create = () => createPanel(members, given as PanelSettings);
    expect(create).toThrow(FusionError);
    expect(create).toThrow(message);
  });

  it('has members that write, each with a name of its own', () => {
    const mute = member('mute', {});
    expect(() => createPanel([...members, mute], { aggregator: 'a' })).toThrow(
      'member mute: writes no texts, so that it cannot be in a panel',
    );
    expect(() => createPanel([...members, member('a')], { aggregator: 'a' })).toThrow(
      'members: two are called a',
    );
    expect(() => createPanel([], { mode: 'first' })).toThrow('a panel has no members');
  });
});

describe('the page on panels', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/panels.md'), 'utf8');
  const firstCells = [...page.matchAll(/^\| `(\w+)` +\|/gm)].map((match) => match[1]);

  it('tells every mode and every setting', () => {
    const policies = ['error', 'drop'];
    expect(firstCells.toSorted()).toEqual(
      [...PANEL_MODES, ...Object.keys(PANEL_KEYS), ...policies].sort(),
    );
  });
});

describe('settings as data', () => {
  const refusalOf = (given: unknown) => panelSettings.safeParse(given).error?.issues[0]?.message;

  it('may be empty or full', () => {
    expect(panelSettings.parse({})).toEqual({});
    const full = {
      ...{ mode: 'judge', judge: 'a', judging: 'listwise', rounds: 5, judge_max_tokens: 100 },
      ...{ quorum: 2, grace_seconds: 0, timeout_seconds: 0.5, total_timeout_seconds: 60 },
      ...{ proposers: ['b', 'c'], max_source_tokens: 500, seed: 2 ** 32 - 1, samples: 2 },
      prices: { a: { input: 0, output: 1.5 } },
      prompts: { compare: '{question} {candidates}' },
    };
    expect(panelSettings.parse(full)).toEqual(full);
  });

  it.each([
    [{ mode: 'juge' }, /Invalid option/],
    [{ agregator: 'a' }, /did you mean "aggregator"/],
    [{ quorum: 0 }, />=1/],
    [{ timeout_seconds: 0 }, />0/],
    [{ timeout_seconds: 3e6 }, /<=2147483/],
    [{ seed: -1 }, />=0/],
    [{ prices: { a: { input: -1, output: 0 } } }, />=0/],
    [
      { prompts: { aggregate: 'Only {question}' } },
      /must have \{question\} and \{candidates\} in it/,
    ],
  ])('%j are refused', (given, message) => {
    expect(refusalOf(given)).toMatch(message);
  });
});
