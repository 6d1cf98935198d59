/**
 * The edits between a hypothesis and a reference when a block of words may be moved for the price of
 * one: finding the least number is NP-complete, so moves are made greedily, each the one that lowers
 * the word edit distance most (Snover et al. 2006, section 3).
 *
 *     edits = moves + word edit distance after them
 */

import { sharedCount } from './ngrams.ts';
import { alignmentOf } from './terAlignment.ts';
import { copyRow, createGrid, distanceIn, fillRows, type Grid, gridLike } from './terDistance.ts';
import { candidateShifts, firstChanged, isPreferred, type Shift, shifted } from './terShift.ts';

/** Tercom gives up here, and does not make the move it was looking for. */
const MAX_CANDIDATES = 1000;

interface Search {
  readonly reference: Uint32Array;
  /** No order of the words is nearer to the reference. */
  readonly nearest: number;
  /** Of the words as they stand, and of those with a move to try. */
  readonly grid: Grid;
  readonly trial: Grid;
  tried: number;
}

/** Words as numbers, equal ones for equal words. */
export function terEdits(hypothesis: Uint32Array, reference: Uint32Array): number {
  if (reference.length === 0) return hypothesis.length;
  const grid = createGrid(hypothesis.length, reference.length);
  fillRows(grid, hypothesis, reference, 0);
  const nearest = nearestDistance(hypothesis, reference);
  const search: Search = { reference, nearest, grid, trial: gridLike(grid), tried: 0 };
  let words = hypothesis;
  let moves = 0;
  for (;;) {
    const shift = distanceIn(grid) === nearest ? undefined : bestShift(words, search);
    if (shift === undefined) return moves + distanceIn(grid);
    words = shifted(words, shift);
    fillRows(grid, words, reference, firstChanged(shift));
    moves++;
  }
}

function nearestDistance(a: Uint32Array, b: Uint32Array): number {
  return Math.max(a.length, b.length) - sharedCount(a.toSorted(), b.toSorted());
}

/** Undefined where no move lowers the distance, or too many were tried. */
function bestShift(words: Uint32Array, search: Search): Shift | undefined {
  const { grid, nearest, reference } = search;
  const alignment = alignmentOf(grid, words, reference);
  let best: Shift | undefined;
  let least = distanceIn(grid);
  for (const shifts of candidateShifts(words, reference, alignment)) {
    for (const shift of shifts) {
      const winsTies = best !== undefined && isPreferred(shift, best);
      // The least that matters: what only a shorter distance could win needs one to be possible.
      const limit = winsTies ? least : least - 1;
      if (limit < nearest) continue;
      const distance = distanceAfter(shift, words, search, limit);
      if (distance <= limit) [best, least] = [shift, distance];
    }
    search.tried += shifts.length;
    if (search.tried >= MAX_CANDIDATES) return undefined;
  }
  return best;
}

/** Right up to `limit`, and more than it for all that are more. */
function distanceAfter(shift: Shift, words: Uint32Array, search: Search, limit: number): number {
  const { grid, trial, reference } = search;
  const row = firstChanged(shift);
  copyRow(grid, trial, row);
  fillRows(trial, shifted(words, shift), reference, row, limit);
  return distanceIn(trial);
}
