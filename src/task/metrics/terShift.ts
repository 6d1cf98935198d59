/**
 * Moving blocks of words, which TER counts as one edit each: which moves are tried, and in which order
 * of preference (M. Snover, B. Dorr, R. Schwartz, L. Micciulla and J. Makhoul, "A Study of Translation
 * Edit Rate with Targeted Human Annotation", AMTA 2006).
 *
 * A block is moved only if it equals words of the reference, if one of its words is wrong where it
 * stands, if one of those words of the reference is missing, and if they do not stand for each other
 * already. It is put before the words of the reference it equals, or inside them.
 */

import type { Alignment } from './terAlignment.ts';

/** Words [start, start + length) of the hypothesis go to before what was word `target`. */
export interface Shift {
  readonly start: number;
  readonly length: number;
  readonly target: number;
}

/** Tercom's limits: without them the search would grow with the square of the lengths. */
const MAX_LENGTH = 10;
const MAX_DISTANCE = 50;

/** Moves to try, all of one block and one place of the reference at a time. */
export function* candidateShifts(
  hypothesis: Uint32Array,
  reference: Uint32Array,
  alignment: Alignment,
): Generator<readonly Shift[]> {
  for (let start = 0; start < hypothesis.length; start++) {
    const from = Math.max(0, start - MAX_DISTANCE);
    const to = Math.min(reference.length - 1, start + MAX_DISTANCE);
    for (let place = from; place <= to; place++) {
      if (hypothesis[start] !== reference[place]) continue;
      const longest = equalWords(hypothesis, start, reference, place);
      for (let length = 1; length <= longest; length++) {
        if (isWorthMoving(alignment, start, place, length)) {
          yield targetsOf(alignment, place, length).map((target) => ({ start, length, target }));
        }
      }
    }
  }
}

function equalWords(a: Uint32Array, i: number, b: Uint32Array, j: number): number {
  const most = Math.min(MAX_LENGTH, a.length - i, b.length - j);
  let length = 0;
  while (length < most && a[i + length] === b[j + length]) length++;
  return length;
}

function isWorthMoving(
  { placeOf, hypothesisErrors, referenceErrors }: Alignment,
  start: number,
  place: number,
  length: number,
): boolean {
  const aligned = placeOf[place]!;
  return (
    (aligned < start || aligned >= start + length) &&
    hasError(hypothesisErrors, start, length) &&
    hasError(referenceErrors, place, length)
  );
}

function hasError(errors: Uint8Array, start: number, length: number): boolean {
  for (let i = start; i < start + length; i++) {
    if (errors[i] === 1) return true;
  }
  return false;
}

/** After the words that stand for the one before the block's and for each of the block's. */
function targetsOf({ placeOf }: Alignment, place: number, length: number): number[] {
  const targets: number[] = [];
  for (let j = place - 1; j < place + length; j++) {
    const target = j < 0 ? 0 : placeOf[j]! + 1;
    if (target !== targets.at(-1)) targets.push(target);
  }
  return targets;
}

/** Whether of two moves that save alike the first is to be made: the longer, the earlier ones. */
export function isPreferred(a: Shift, b: Shift): boolean {
  if (a.length !== b.length) return a.length > b.length;
  return a.start !== b.start ? a.start < b.start : a.target < b.target;
}

/** A target inside the block's own words moves it past as many of the words that follow. */
export function shifted(words: Uint32Array, shift: Shift): Uint32Array {
  const { start, length } = shift;
  const result = words.slice();
  const block = words.subarray(start, start + length);
  const at = Math.min(insertionPoint(shift), words.length - length);
  if (at < start) result.set(words.subarray(at, start), at + length);
  else result.set(words.subarray(start + length, at + length), start);
  result.set(block, at);
  return result;
}

/** Words before it stay where they are. */
export function firstChanged(shift: Shift): number {
  return Math.min(shift.start, insertionPoint(shift));
}

function insertionPoint({ start, length, target }: Shift): number {
  return target > start + length ? target - length : target;
}
