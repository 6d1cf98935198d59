/**
 * Beam search as transformers 4.50 and later define it, one input at a time and step by step on plain
 * lists: fixed numbers of slots, -1e9 for what must not win, everything sorted. Written from that
 * definition, and sharing nothing with the code it checks.
 */

import type { ToyModel } from './toyModel.ts';

export interface ReferenceSettings {
  readonly beams: number;
  readonly limit: number;
  readonly lengthPenalty: number;
  readonly earlyStopping: boolean | 'never';
  readonly minNewTokens: number;
  readonly forcedEndToken: number | undefined;
  readonly repetitionPenalty: number;
}

interface Slot {
  readonly tokens: readonly number[];
  /** Running: the sum. Finished: the score. */
  readonly value: number;
  readonly sum: number;
  readonly isFinished: boolean;
}

const NEVER = -1e9;

export function referenceBeams(
  model: ToyModel,
  input: readonly number[],
  settings: ReferenceSettings,
): { readonly tokens: readonly number[]; readonly sum: number; readonly score: number }[] {
  const { beams, limit, lengthPenalty, earlyStopping } = settings;
  const kept = Math.max(2, 1 + model.endTokens.length) * beams;
  const empty: Slot = { tokens: [], value: NEVER, sum: NEVER, isFinished: false };
  let running: Slot[] = Array.from({ length: beams }, (_, i) => ({
    ...empty,
    value: i ? NEVER : 0,
  }));
  let finished: Slot[] = Array.from({ length: beams }, () => empty);
  let canImprove = true;
  for (let length = 1; ; length++) {
    const all = running.flatMap(({ tokens, value }) =>
      processed(model, input, tokens, settings).map((logProbability, token) => ({
        tokens: [...tokens, token],
        sum: value + logProbability,
      })),
    );
    const top = all.sort((a, b) => b.sum - a.sum).slice(0, kept);
    const hits = top.map(
      ({ tokens }) => model.endTokens.includes(tokens.at(-1)!) || length >= limit,
    );
    running = top
      .map(({ tokens, sum }, i): Slot => {
        const value = sum + (hits[i] ? NEVER : 0);
        return { tokens, sum, value, isFinished: false };
      })
      .sort((a, b) => b.value - a.value)
      .slice(0, beams);
    const isFull = finished.every((slot) => slot.isFinished) && earlyStopping === true;
    const fresh = top.map(({ tokens, sum }, i): Slot => {
      const counts = hits[i]! && i < beams;
      const value =
        sum / length ** lengthPenalty +
        (isFull ? NEVER : 0) +
        (canImprove ? 0 : NEVER) +
        (counts ? 0 : NEVER);
      return { tokens, sum, value, isFinished: counts };
    });
    finished = [...finished, ...fresh].sort((a, b) => b.value - a.value).slice(0, beams);
    const bestLength = earlyStopping === 'never' && lengthPenalty > 0 ? limit : length;
    const bestPossible = running[0]!.value / bestLength ** lengthPenalty;
    const worst = Math.min(...finished.map(({ value }) => value));
    canImprove &&= finished.some(({ isFinished }) => bestPossible > (isFinished ? worst : NEVER));
    const allDone = finished.every((slot) => slot.isFinished) && earlyStopping === true;
    if (!canImprove || allDone || hits.every((hit) => hit)) break;
  }
  return finished
    .filter(({ isFinished }) => isFinished)
    .map(({ tokens, sum, value }) => ({ tokens, sum, score: value }));
}

function processed(
  model: ToyModel,
  input: readonly number[],
  tokens: readonly number[],
  { limit, minNewTokens, forcedEndToken, repetitionPenalty }: ReferenceSettings,
): number[] {
  const row = [...model.logProbabilitiesAfter([...input, ...tokens])];
  if (forcedEndToken !== undefined && tokens.length === limit - 1) {
    return row.map((_, token) => (token === forcedEndToken ? 0 : Number.NEGATIVE_INFINITY));
  }
  const seen = new Set([...(model.kind === 'causal' ? input : []), ...tokens]);
  return row.map((logProbability, token) => {
    const isEarly = tokens.length < minNewTokens && model.endTokens.includes(token);
    if (isEarly || model.bannedTokens.includes(token)) return Number.NEGATIVE_INFINITY;
    return seen.has(token) ? Math.fround(logProbability * repetitionPenalty) : logProbability;
  });
}
