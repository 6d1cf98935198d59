/**
 * The edits between a hypothesis and a reference when a block of words may be moved for the price of
 * one: finding the least number is NP-complete, so moves are made greedily, each the one that lowers
 * the word edit distance most (Snover et al. 2006, section 3).
 *
 *     edits = moves + word edit distance after them
 */

import { type Alignment, alignmentOf } from './terAlignment.ts';
import { copyRow, createGrid, distanceIn, fillRows, type Grid, gridLike } from './terDistance.ts';
import { candidateShifts, firstChanged, isPreferred, type Shift, shifted } from './terShift.ts';

/** Tercom gives up here, and does not make the move it was looking for. */
const MAX_CANDIDATES = 1000;

interface Search {
  readonly reference: Int32Array;
  /** Of the words as they stand, and of those with a move to try. */
  readonly grid: Grid;
  readonly trial: Grid;
  tried: number;
}

/** Words as numbers, equal ones for equal words. */
export function terEdits(hypothesis: Int32Array, reference: Int32Array): number {
  if (reference.length === 0) return hypothesis.length;
  const grid = createGrid(hypothesis.length, reference.length);
  fillRows(grid, hypothesis, reference, 0);
  const search: Search = { reference, grid, trial: gridLike(grid), tried: 0 };
  let words = hypothesis;
  let moves = 0;
  for (;;) {
    const shift = distanceIn(grid) === 0 ? undefined : bestShift(words, search);
    if (shift === undefined) return moves + distanceIn(grid);
    words = shifted(words, shift);
    fillRows(grid, words, reference, firstChanged(shift));
    moves++;
  }
}

/** Undefined where no move lowers the distance, or too many were tried. */
function bestShift(words: Int32Array, search: Search): Shift | undefined {
  const { grid, reference } = search;
  const alignment: Alignment = alignmentOf(grid, words, reference);
  let best: Shift | undefined;
  let least = distanceIn(grid);
  for (const shifts of candidateShifts(words, reference, alignment)) {
    for (const shift of shifts) {
      const distance = distanceAfter(shift, words, search);
      if (distance > least || (distance === least && !(best && isPreferred(shift, best)))) continue;
      [best, least] = [shift, distance];
    }
    search.tried += shifts.length;
    if (search.tried >= MAX_CANDIDATES) return undefined;
  }
  return best;
}

function distanceAfter(shift: Shift, words: Int32Array, { grid, trial, reference }: Search) {
  const row = firstChanged(shift);
  copyRow(grid, trial, row);
  fillRows(trial, shifted(words, shift), reference, row);
  return distanceIn(trial);
}
