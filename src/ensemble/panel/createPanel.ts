/**
 * A panel: several members that write whole answers, fused into one that does. For members whose
 * tokens are out of reach, or differ; where they share a vocabulary, fusing their distributions says
 * more (../decode).
 */

import { badInput } from '../../errors.ts';
import { throwIfAborted } from '../../model/abort.ts';
import { createSharedListen, type Listen, linkSignals } from '../../model/http/abort.ts';
import type { RequestOptions, Responder, TextRequest } from '../../model/languageModel.ts';
import type { FailurePolicy, Member } from '../member.ts';
import { measureBy } from './confidence.ts';
import { aggregateBy } from './mode/aggregate.ts';
import { cascadeBy } from './mode/cascade.ts';
import { first } from './mode/first.ts';
import { judgeBy } from './mode/judge.ts';
import { routeBy } from './mode/route.ts';
import { voteBy } from './mode/vote.ts';
import type { Fuse, Outcome } from './outcome.ts';
import { type PanelFunctions, type PanelPlan, planPanel } from './plan.ts';
import {
  type CallReport,
  missingMembers,
  type PanelResponse,
  type Totals,
  totalsOf,
} from './report.ts';
import { createCallRecord, type Run, throwIfEnded } from './run.ts';
import type { PanelMode, PanelSettings } from './settings.ts';

export interface PanelOptions extends PanelFunctions {
  /** `error` unless given. */
  readonly onFailure?: FailurePolicy;
}

export interface Panel extends Responder {
  readonly respond: (request: TextRequest, options?: RespondOptions) => Promise<PanelResponse>;
}

type RespondOptions = RequestOptions & { readonly onText?: (piece: string) => void };

/**
 * Members with `respond` or `next`. Of the response, token counts are sums over all calls, as far as
 * members told; a log-probability is the winner's, of its text.
 *
 * Refuses settings that name no member, miss what the mode needs, or mean nothing in it. A request
 * fails as `bad_input` with every member's reason if there are too few usable answers or the time for
 * the whole is over, and as `aborted` if the caller's signal says so; all calls under way are then
 * cancelled.
 */
export function createPanel(
  members: readonly Member[],
  settings: PanelSettings = {},
  { onFailure = 'error', ...functions }: PanelOptions = {},
): Panel {
  const plan = planPanel(members, settings, onFailure, functions);
  const fuse = fuseBy(plan, functions);
  const listenTo = createSharedListen();
  return {
    respond: (request, options = {}) => respond(plan, fuse, listenTo, request, options),
  };
}

const NEEDS: Partial<Record<PanelMode, string>> = {
  aggregate: 'an aggregator',
  judge: 'a judge',
  vote: 'a function that counts the votes',
  route: 'a function that chooses the member',
};

function fuseBy(plan: PanelPlan, functions: PanelFunctions): Fuse {
  const { mode, aggregator, judge } = plan;
  const { vote, route } = functions;
  if (mode === 'aggregate' && aggregator) return aggregateBy(aggregator);
  if (mode === 'judge' && judge) return judgeBy(judge);
  if (mode === 'vote' && vote) return voteBy(vote);
  if (mode === 'route' && route) return routeBy(route);
  if (mode === 'first') return first;
  if (mode === 'cascade') return cascadeBy(measureBy(plan, functions));
  throw badInput(`a panel of mode ${mode} needs ${NEEDS[mode]}`);
}

async function respond(
  plan: PanelPlan,
  fuse: Fuse,
  listenTo: Listen,
  request: TextRequest,
  { signal: outer, onText, ...options }: RespondOptions,
): Promise<PanelResponse> {
  throwIfAborted(outer);
  const { clock, totalTimeoutMs } = plan;
  const { signal, abort, unlink } = linkSignals([outer], listenTo);
  let isExpired = false;
  const expire = () => {
    isExpired = true;
    abort();
  };
  const endTimer = totalTimeoutMs === undefined ? undefined : clock.after(totalTimeoutMs, expire);
  const begunAt = clock.now();
  const record = createCallRecord();
  const run: Run = {
    ...{ plan, request, options, onText, signal, listenTo, record },
    isExpired: () => isExpired,
  };
  try {
    const outcome = await fuse(run);
    throwIfEnded(run);
    const response = responseOf(run, outcome, clock.now() - begunAt);
    for (const each of response.report.missing) options.onMissing?.(each);
    if (!outcome.isStreamed) onText?.(response.text);
    return response;
  } catch (error) {
    throwIfEnded(run);
    throw error;
  } finally {
    endTimer?.();
    abort();
    unlink();
  }
}

function responseOf(run: Run, outcome: Outcome, latencyMs: number): PanelResponse {
  const { mode, prices } = run.plan;
  const { answer, call, isLoneSurvivor = false, standings } = outcome;
  const calls = run.record.calls();
  const totals = totalsOf(calls, latencyMs, prices !== undefined);
  const { text, finish, logProbability } = answer;
  return {
    text,
    finish,
    ...toldCounts(calls, totals),
    ...(logProbability === undefined ? {} : { logProbability }),
    report: {
      mode,
      calls,
      winner: calls[call]!.member,
      winningCall: call,
      isLoneSurvivor,
      ...(standings ? { standings } : {}),
      // Who was too slow in a race is not missing from its result.
      missing: missingMembers(calls, ({ status }) => mode !== 'first' || status !== 'cancelled'),
      totals,
    },
  };
}

/** No count is not a count of 0. */
function toldCounts(
  calls: readonly CallReport[],
  { inputTokens, outputTokens }: Totals,
): Pick<PanelResponse, 'inputTokens' | 'outputTokens'> {
  const isTold = (key: 'inputTokens' | 'outputTokens') =>
    calls.some((call) => call[key] !== undefined);
  return {
    ...(isTold('inputTokens') ? { inputTokens } : {}),
    ...(isTold('outputTokens') ? { outputTokens } : {}),
  };
}
