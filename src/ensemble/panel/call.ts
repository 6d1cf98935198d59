/**
 * One request to one member, within its time. What a member does wrong is a result, with its reason;
 * a defect of ours is thrown.
 */

import { FusionError } from '../../errors.ts';
import { abortable } from '../../model/abort.ts';
import { linkSignals } from '../../model/http/abort.ts';
import type { TextRequest, TextResponse } from '../../model/languageModel.ts';
import { isPassable, reasonOf } from '../askMembers.ts';
import type { PanelMember } from './plan.ts';
import { type CallReport, type CallStatus, costOf } from './report.ts';
import type { Run } from './run.ts';

/** What a call is for, as the report has it. */
export type CallPurpose = Pick<CallReport, 'role' | 'layer' | 'sample' | 'shown'>;

export interface Question<T> {
  readonly member: PanelMember;
  readonly purpose: CallPurpose;
  readonly request: TextRequest;
  /** What is made of an answer, or why nothing can be. */
  readonly read: (answer: TextResponse) => Reading<T>;
  readonly onText?: ((piece: string) => void) | undefined;
}

export type Reading<T> = { readonly value: T } | { readonly reason: string };

export interface Call<T> {
  /** Place in the record. */
  readonly index: number;
  /** Undefined unless the call was answered usably. */
  readonly value: T | undefined;
  readonly reason: string | undefined;
}

/** A usable answer, and whose it is. */
export interface Proposal {
  readonly call: number;
  readonly member: string;
  readonly weight: number;
  readonly sample: number;
  readonly answer: TextResponse;
}

/** @param signal ends this call; that of the run unless given */
export async function ask<T>(
  run: Run,
  question: Question<T>,
  signal: AbortSignal = run.signal,
): Promise<Call<T>> {
  const { member, purpose } = question;
  const { clock, prices } = run.plan;
  const index = run.record.begin();
  const begunAt = clock.now();
  const { status, reason, value, answer } = await attempt(run, question, signal);
  run.record.end(index, {
    member: member.name,
    ...purpose,
    status,
    ...(reason === undefined ? {} : { reason }),
    latencyMs: clock.now() - begunAt,
    ...usageOf(answer, prices?.[member.name]),
  });
  return { index, value, reason };
}

interface Attempt<T> {
  readonly status: CallStatus;
  readonly reason?: string;
  readonly value?: T;
  readonly answer?: TextResponse;
}

async function attempt<T>(
  run: Run,
  { member, request, read, onText }: Question<T>,
  outer: AbortSignal,
): Promise<Attempt<T>> {
  const { clock, timeoutMs } = run.plan;
  const { signal, abort, unlink } = linkSignals([outer], run.listenTo);
  let isLate = false;
  const endTimer = clock.after(timeoutMs, () => {
    isLate = true;
    abort();
  });
  const deliver = (piece: string) => {
    if (!signal.aborted) onText?.(piece);
  };
  const options = { ...run.options, signal, ...(onText ? { onText: deliver } : {}) };
  try {
    const answer = await abortable(member.responder.respond(request, options), signal);
    return { answer, ...attemptOf(read(answer)) };
  } catch (error) {
    if (isLate) return { status: 'timed_out', reason: `no answer within ${timeoutMs / 1000} s` };
    if (outer.aborted) return { status: 'cancelled', reason: 'was not waited for any longer' };
    if (!isPassable(error)) throw error;
    return { status: 'failed', reason: reasonOf(error) };
  } finally {
    endTimer();
    unlink();
  }
}

function attemptOf<T>(reading: Reading<T>): Attempt<T> {
  if ('value' in reading) return { status: 'answered', value: reading.value };
  return { status: 'unusable', reason: reading.reason };
}

function usageOf(
  answer: TextResponse | undefined,
  prices: Parameters<typeof costOf>[1],
): Pick<CallReport, 'inputTokens' | 'outputTokens' | 'cost'> {
  const { inputTokens, outputTokens } = answer ?? {};
  const cost = answer && costOf(answer, prices);
  return {
    ...(inputTokens === undefined ? {} : { inputTokens }),
    ...(outputTokens === undefined ? {} : { outputTokens }),
    ...(cost === undefined ? {} : { cost }),
  };
}

/** Of what must be answered: an aggregator, a chosen member. */
export function required<T>(call: Call<T>, { purpose, member }: Question<T>): T {
  if (call.value !== undefined) return call.value;
  throw new FusionError(
    'bad_input',
    `${purpose.role} ${member.name}: ${call.reason ?? 'no answer'}`,
  );
}
