/** One request to a panel while it runs: what all steps share, and the record of their calls. */

import { badInput, FusionError } from '../../errors.ts';
import type { Listen } from '../../model/http/abort.ts';
import type { RequestOptions, TextRequest } from '../../model/languageModel.ts';
import type { PanelPlan } from './plan.ts';
import { type CallReport, missingMembers } from './report.ts';

export interface Run {
  readonly plan: PanelPlan;
  readonly request: TextRequest;
  /** What members are told besides. */
  readonly options: Omit<RequestOptions, 'signal'>;
  readonly onText: ((piece: string) => void) | undefined;
  /** Ends everything: the caller's, or the time for the whole. */
  readonly signal: AbortSignal;
  readonly listenTo: Listen;
  readonly isExpired: () => boolean;
  readonly record: CallRecord;
}

/** A call has its place from its beginning, so that the order does not depend on who is faster. */
export interface CallRecord {
  readonly begin: () => number;
  readonly end: (index: number, report: CallReport) => void;
  /** What is found out about a call later. */
  readonly note: (index: number, more: Partial<CallReport>) => void;
  /** Of calls that have ended. */
  readonly calls: () => readonly CallReport[];
}

export function createCallRecord(): CallRecord {
  const reports: (CallReport | undefined)[] = [];
  return {
    begin: () => reports.push(undefined) - 1,
    end(index, report) {
      reports[index] = report;
    },
    note(index, more) {
      const report = reports[index];
      if (report !== undefined) reports[index] = { ...report, ...more };
    },
    calls: () => reports.filter((report) => report !== undefined),
  };
}

/** Between two steps: the caller no longer waits, or the time for the whole is over. */
export function throwIfEnded({ signal, isExpired, plan, record }: Run): void {
  if (!signal.aborted) return;
  if (!isExpired()) throw new FusionError('aborted', 'the request was stopped');
  const seconds = (plan.totalTimeoutMs ?? 0) / 1000;
  throw badInput(`the panel has no answer within ${seconds} s${reasonsIn(record.calls())}`);
}

export function tooFew(usable: number, needed: number, { record }: Run): FusionError {
  const answers = usable === 1 ? '1 usable answer' : `${usable} usable answers`;
  const need = needed === 1 ? '1 is' : `${needed} are`;
  return badInput(`${answers}, and ${need} needed${reasonsIn(record.calls())}`);
}

/** Those who were stopped because of others are named only if there is nobody else. */
function reasonsIn(calls: readonly CallReport[]): string {
  const atFault = missingMembers(calls, ({ status }) => status !== 'cancelled');
  const missing = atFault.length > 0 ? atFault : missingMembers(calls, () => true);
  const reasons = missing.map(({ member, reason }) => `${member}: ${reason}`).join('; ');
  return reasons === '' ? '' : ` (${reasons})`;
}
