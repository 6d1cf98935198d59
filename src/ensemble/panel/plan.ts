/** The settings of a panel, checked against its members and completed once. */

import { badInput } from '../../errors.ts';
import { responderOf } from '../../model/generate/textResponder.ts';
import type { Responder, TextRequest, TextResponse } from '../../model/languageModel.ts';
import type { FailurePolicy, Member } from '../member.ts';
import { type Clock, SYSTEM_CLOCK } from './clock.ts';
import { assertMode, quorumOf } from './modeSettings.ts';
import { DEFAULT_PROMPTS, type PromptName } from './prompts.ts';
import type { Prices } from './report.ts';
import { checkedSettings, type PanelMode, type PanelSettings } from './settings.ts';

export interface WeightedAnswer {
  readonly text: string;
  readonly weight: number;
}

/** What data cannot say. */
export interface PanelFunctions {
  /** Groups answers that mean the same; `index` is that of the answer to give. For `vote`. */
  readonly vote?: (answers: readonly WeightedAnswer[]) => { readonly index: number };
  /** Why an answer counts as none, such as a refusal; undefined if it is usable. */
  readonly refuse?: (answer: TextResponse, request: TextRequest) => string | undefined;
  /** For `cascade`, in place of the settings' confidence; on any scale. */
  readonly confidence?: (answer: TextResponse, request: TextRequest) => number | Promise<number>;
  /** For `route`: the name of the member that is to answer. */
  readonly route?: (request: TextRequest, names: readonly string[]) => string | Promise<string>;
  readonly clock?: Clock;
}

export interface PanelMember {
  readonly name: string;
  readonly weight: number;
  readonly responder: Responder;
}

export interface PanelPlan extends Pick<PanelFunctions, 'refuse'> {
  readonly mode: PanelMode;
  readonly proposers: readonly PanelMember[];
  readonly samples: number;
  readonly layers: number;
  readonly aggregator: PanelMember | undefined;
  readonly judge: PanelMember | undefined;
  readonly judging: 'pairwise' | 'listwise';
  readonly rounds: number | undefined;
  readonly judgeMaxTokens: number;
  readonly confidenceBy: 'log_probability' | 'judge' | undefined;
  readonly threshold: number;
  readonly onFailure: FailurePolicy;
  /** Usable answers without which there is no result. */
  readonly needed: number;
  /** Usable answers after which the others have the grace time only. */
  readonly enough: number;
  readonly graceMs: number;
  readonly timeoutMs: number;
  readonly totalTimeoutMs: number | undefined;
  readonly allowCut: boolean;
  readonly maxSourceTokens: number;
  readonly prices: Readonly<Record<string, Prices>> | undefined;
  readonly seed: number;
  readonly prompts: Readonly<Record<PromptName, string>>;
  readonly clock: Clock;
}

export function planPanel(
  members: readonly Member[],
  given: PanelSettings,
  onFailure: FailurePolicy,
  functions: PanelFunctions,
): PanelPlan {
  const settings = checkedSettings(given);
  const { clock = SYSTEM_CLOCK, refuse } = functions;
  const all = panelMembers(members);
  const named = (name: string, key: string) => memberNamed(all, name, key);
  for (const name of Object.keys(settings.prices ?? {})) named(name, 'prices');
  const { mode = 'aggregate', samples = 1, aggregator, judge } = settings;
  const proposers = settings.proposers?.map((name) => named(name, 'proposers')) ?? all;
  assertDistinct(proposers, 'proposers');
  assertMode(mode, settings, proposers.length * samples, functions);
  return {
    mode,
    proposers,
    samples,
    layers: settings.layers ?? 1,
    aggregator: aggregator === undefined ? undefined : named(aggregator, 'aggregator'),
    judge: judge === undefined ? undefined : named(judge, 'judge'),
    judging: settings.judging ?? 'pairwise',
    rounds: settings.rounds,
    judgeMaxTokens: settings.judge_max_tokens ?? 1024,
    confidenceBy: settings.confidence,
    threshold: settings.threshold ?? Number.POSITIVE_INFINITY,
    onFailure,
    ...quorumOf(mode, proposers.length * samples, settings.quorum, onFailure),
    graceMs: (settings.grace_seconds ?? 0) * 1000,
    timeoutMs: (settings.timeout_seconds ?? 120) * 1000,
    totalTimeoutMs:
      settings.total_timeout_seconds === undefined
        ? undefined
        : settings.total_timeout_seconds * 1000,
    allowCut: settings.allow_cut ?? false,
    maxSourceTokens: settings.max_source_tokens ?? 2000,
    prices: settings.prices,
    seed: settings.seed ?? 0,
    prompts: { ...DEFAULT_PROMPTS, ...written(settings.prompts ?? {}) },
    clock,
    ...(refuse ? { refuse } : {}),
  };
}

function panelMembers(members: readonly Member[]): PanelMember[] {
  const all = members.map(({ name, weight, model }) => {
    const responder = responderOf(model);
    if (responder) return { name, weight, responder };
    throw badInput(`member ${name}: writes no texts, so that it cannot be in a panel`);
  });
  assertDistinct(all, 'members');
  if (all.length === 0) throw badInput('a panel has no members');
  return all;
}

function assertDistinct(members: readonly PanelMember[], key: string): void {
  const names = members.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw badInput(`${key}: two are called ${twice}`);
}

function memberNamed(all: readonly PanelMember[], name: string, key: string): PanelMember {
  const found = all.find((member) => member.name === name);
  if (found) return found;
  const names = all.map((member) => member.name).join(', ');
  throw badInput(`${key}: there is no member ${name}, only ${names}`);
}

function written(
  prompts: NonNullable<PanelSettings['prompts']>,
): Partial<Record<PromptName, string>> {
  return Object.fromEntries(Object.entries(prompts).filter(([, text]) => text !== undefined));
}
