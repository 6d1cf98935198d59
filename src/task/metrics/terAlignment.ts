/**
 * Which words of a hypothesis stand for which words of a reference, and which are wrong: the way back
 * through a filled grid of terDistance.ts. Of equally short ways a match or substitution is taken
 * before a surplus word of the hypothesis, and that before a missing one.
 */

import { cell, type Grid } from './terDistance.ts';

export interface Alignment {
  /** By word of the reference: the word of the hypothesis in its place, or before it; -1 for none. */
  readonly placeOf: Int32Array;
  /** 1 where a word is inserted, deleted or substituted. */
  readonly hypothesisErrors: Uint8Array;
  readonly referenceErrors: Uint8Array;
}

export function alignmentOf(
  grid: Grid,
  hypothesis: Uint32Array,
  reference: Uint32Array,
): Alignment {
  const placeOf = new Int32Array(reference.length);
  const hypothesisErrors = new Uint8Array(hypothesis.length).fill(1);
  const referenceErrors = new Uint8Array(reference.length).fill(1);
  let i = hypothesis.length;
  let j = reference.length;
  while (j > 0) {
    const isSame = i > 0 && hypothesis[i - 1] === reference[j - 1];
    if (i > 0 && cell(grid, i, j) === cell(grid, i - 1, j - 1) + (isSame ? 0 : 1)) {
      placeOf[j - 1] = i - 1;
      if (isSame) hypothesisErrors[i - 1] = referenceErrors[j - 1] = 0;
      i--;
      j--;
    } else if (i > 0 && cell(grid, i, j) === cell(grid, i - 1, j) + 1) {
      i--;
    } else {
      placeOf[j - 1] = i - 1;
      j--;
    }
  }
  return { placeOf, hypothesisErrors, referenceErrors };
}
