/**
 * Which states of a beam go on, which tokens that ended are evaluated, and what is left out.
 *
 * At most `width` states with at least `leastShare` of the mass are kept. What is left out is counted:
 * given the states that were kept so far, the distribution of the next byte is off by a total variation
 * of at most
 *
 *   leftOut / (kept + leftOut),
 *
 * and the probability of the whole text lies between what was kept at its end and that plus all that was
 * ever left out (certificate.ts).
 */

import { logSumExp } from '../../numeric/logSumExp.ts';
import type { Moved, State, Waiting } from './beam.ts';

export interface BeamSettings {
  readonly width: number;
  /** 0 keeps whatever is possible. */
  readonly leastShare: number;
}

export interface Beam extends Moved {
  /** log P(text) by what is kept. */
  readonly logKept: number;
  /** Of all that was left out up to here. */
  readonly logLeftOut: number;
  /** The largest bound on the total variation of a step so far. */
  readonly worstStep: number;
  /** log P of what the text is given, at the least and at the most. */
  readonly logGiven: readonly [least: number, most: number];
}

/** The tokens to evaluate now; when there are none, `settle` makes the beam. */
export function worthEvaluating(
  { states, waiting }: Moved,
  { width, leastShare }: BeamSettings,
  mostTokens: number,
): readonly Waiting[] {
  const open = waiting.filter(({ parent }) => parent.length < mostTokens);
  const ranked = [...states.map(weightOf), ...open.map(estimateOf)].sort((a, b) => b - a);
  const last = ranked[Math.min(width, ranked.length) - 1] ?? Number.NEGATIVE_INFINITY;
  const least = Math.max(last, logSumExp(ranked) + Math.log(leastShare));
  // Of equal weights more than there is room for may be found.
  return open.filter(({ logEstimate }) => logEstimate >= least).slice(0, width);
}

const weightOf = ({ logWeight }: State | Waiting) => logWeight;
const estimateOf = ({ logEstimate }: Waiting) => logEstimate;

export function settle(moved: Moved, before: Beam, { width, leastShare }: BeamSettings): Beam {
  const ranked = [...moved.states].sort((a, b) => b.logWeight - a.logWeight);
  const least = logSumExp(ranked.map(weightOf)) + Math.log(leastShare);
  const states = ranked.slice(0, width).filter(({ logWeight }) => logWeight >= least);
  const dropped = ranked.slice(states.length).map(weightOf);
  const waiting = [...moved.waiting].sort((a, b) => b.logEstimate - a.logEstimate);
  const fresh = moved.waiting.filter(({ since }) => since.length === 0);
  const leftNow = [...dropped, ...fresh.map(weightOf)];
  const old = moved.waiting.filter(({ since }) => since.length > 0).map(estimateOf);
  const logKept = logSumExp(states.map(weightOf));
  const off = logSumExp([...leftNow, ...old]);
  return {
    states,
    // As many as there may be states: they are what the beam falls back on.
    waiting: waiting.slice(0, width),
    logKept,
    logLeftOut: logSumExp([before.logLeftOut, ...leftNow]),
    worstStep: Math.max(before.worstStep, shareOf(off, logKept)),
    logGiven: before.logGiven,
  };
}

/** left / (left + kept) */
function shareOf(left: number, kept: number): number {
  return left === Number.NEGATIVE_INFINITY ? 0 : 1 / (1 + Math.exp(kept - left));
}

/** A beam over a text that has not begun. */
export function firstBeam(state: State): Beam {
  return {
    states: [state],
    waiting: [],
    logKept: state.logWeight,
    logLeftOut: Number.NEGATIVE_INFINITY,
    worstStep: 0,
    logGiven: [state.logWeight, state.logWeight],
  };
}

/** The same beam, with all that it weighs counted from here on: what came before is given. */
export function givenSoFar(beam: Beam): Beam {
  const shift = logSumExp([...beam.states.map(weightOf), ...beam.waiting.map(estimateOf)]);
  if (!Number.isFinite(shift)) return beam;
  return {
    ...beam,
    states: beam.states.map((state) => ({ ...state, logWeight: state.logWeight - shift })),
    waiting: beam.waiting.map((each) => ({
      ...each,
      logWeight: each.logWeight - shift,
      logEstimate: each.logEstimate - shift,
    })),
    logKept: beam.logKept - shift,
    logLeftOut: beam.logLeftOut - shift,
    logGiven: [beam.logKept - shift, logSumExp([beam.logKept, beam.logLeftOut]) - shift],
  };
}
