/** What a panel tells of a request: every call, what it cost, and how the answer came about. */

import type { TextResponse } from '../../model/languageModel.ts';
import type { MissingMember } from '../member.ts';
import type { PanelMode } from './settings.ts';

export type Role = 'proposer' | 'aggregator' | 'judge';

/**
 * `answered`: usably. `unusable`: with nothing, cut at its longest, refused by the caller's rule, or
 * without a verdict. `cancelled`: no longer waited for.
 */
export type CallStatus = 'answered' | 'unusable' | 'failed' | 'timed_out' | 'cancelled';

/** One request to one member. Holds no text and no key. */
export interface CallReport {
  readonly member: string;
  readonly role: Role;
  /** Of a proposer, from 1. */
  readonly layer?: number;
  /** Of a proposer, from 1. */
  readonly sample?: number;
  readonly status: CallStatus;
  /** Why it did not answer usably. */
  readonly reason?: string;
  readonly latencyMs: number;
  /** As the member told. */
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Where prices and both counts are known; in the currency of the prices. */
  readonly cost?: number;
  /** The calls whose answers it read, in the order shown: the first was called 1, and so on. */
  readonly shown?: readonly number[];
  /** Of a judge who compared: the call whose answer was better. */
  readonly verdict?: number | 'tie';
  /** Of a judge who rated, from 1 to 10. */
  readonly rating?: number;
  /** Of a proposer in a cascade, where it was measured. */
  readonly confidence?: number;
}

/** What a judge's verdicts come to for one answer. */
export interface Standing {
  readonly call: number;
  readonly points: number;
}

export interface Totals {
  readonly latencyMs: number;
  /** Sums of what was told. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Where there are prices. */
  readonly cost?: number;
  /** Calls that told no counts or have no price, so that the sums are too small by what they used. */
  readonly uncountedCalls: number;
}

export interface PanelReport {
  readonly mode: PanelMode;
  /** In the order in which they began; other fields name a call by its place here, from 0. */
  readonly calls: readonly CallReport[];
  /** The member that wrote the answer. */
  readonly winner: string;
  readonly winningCall: number;
  /** The only usable answer, which was passed on without asking anybody about it. */
  readonly isLoneSurvivor: boolean;
  /** Of a judged panel. */
  readonly standings?: readonly Standing[];
  /** Members that gave no usable answer. */
  readonly missing: readonly MissingMember[];
  readonly totals: Totals;
}

export interface PanelResponse extends TextResponse {
  readonly report: PanelReport;
}

/** Of a million tokens. */
export interface Prices {
  readonly input: number;
  readonly output: number;
}

export function costOf(
  { inputTokens, outputTokens }: Pick<TextResponse, 'inputTokens' | 'outputTokens'>,
  prices: Prices | undefined,
): number | undefined {
  if (prices === undefined || inputTokens === undefined || outputTokens === undefined) {
    return undefined;
  }
  return (inputTokens * prices.input + outputTokens * prices.output) / 1e6;
}

export function totalsOf(
  calls: readonly CallReport[],
  latencyMs: number,
  hasPrices: boolean,
): Totals {
  const sum = (key: 'inputTokens' | 'outputTokens' | 'cost') =>
    calls.reduce((total, call) => total + (call[key] ?? 0), 0);
  const isCounted = ({ inputTokens, outputTokens, cost }: CallReport) =>
    inputTokens !== undefined && outputTokens !== undefined && (!hasPrices || cost !== undefined);
  return {
    latencyMs,
    inputTokens: sum('inputTokens'),
    outputTokens: sum('outputTokens'),
    ...(hasPrices ? { cost: sum('cost') } : {}),
    uncountedCalls: calls.filter((call) => !isCounted(call)).length,
  };
}

/** Proposers without any usable answer, and why; a reason for each. */
export function missingMembers(
  calls: readonly CallReport[],
  isMissing: (call: CallReport) => boolean,
): MissingMember[] {
  const proposals = calls.filter(({ role }) => role === 'proposer');
  const present = new Set(
    proposals.filter(({ status }) => status === 'answered').map(({ member }) => member),
  );
  const reasons = new Map<string, string>();
  for (const call of proposals) {
    if (present.has(call.member) || reasons.has(call.member) || !isMissing(call)) continue;
    reasons.set(call.member, call.reason ?? call.status);
  }
  return [...reasons].map(([member, reason]) => ({ member, reason }));
}
