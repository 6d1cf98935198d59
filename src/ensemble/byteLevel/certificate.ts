/**
 * How far a probability can be from the exact one, after states were left out: with K what was kept to
 * the end of the text, and U the sum of all that was left out on the way,
 *
 *   K <= P(text) <= K + U.
 *
 * U sums what was left out early, when much was still to come, so over long texts it soon exceeds K;
 * the upper end then says what was left out rather than what the text has, and is called vacuous. The
 * bounds are of one member's own probability, not of a fusion of several.
 */

import { logSumExp } from '../../numeric/logSumExp.ts';
import type { Beam } from './prune.ts';

export interface ProbabilityBounds {
  /** Natural logarithms. */
  readonly least: number;
  readonly most: number;
  /** More was left out than kept. */
  readonly isVacuous: boolean;
  /**
   * The largest bound on the total variation of one step's distribution, given the states kept till
   * then. It does not bound anything of the whole text.
   */
  readonly worstStep: number;
}

/** @param logKept at the end of the text */
export function boundsOf(
  { logLeftOut, logGiven, worstStep }: Beam,
  logKept: number,
): ProbabilityBounds {
  const [leastGiven, mostGiven] = logGiven;
  return {
    least: logKept - mostGiven,
    most: Math.min(0, logSumExp([logKept, logLeftOut]) - leastGiven),
    isVacuous: logLeftOut > logKept,
    worstStep,
  };
}

/** Bits per byte of a text that needs so many predictions: at the least and at the most. */
export function bitsPerByte({ least, most }: ProbabilityBounds, byteCount: number) {
  return { least: -most / Math.LN2 / byteCount, most: -least / Math.LN2 / byteCount };
}
