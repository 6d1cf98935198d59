/**
 * The tokens of a row in the order of their probability, as far as they were looked at: a search needs
 * few of them, and a whole vocabulary takes long to sort and longer to decode. What was not looked at
 * has a bound.
 */

import { type Candidate, offerRow } from '../../model/generate/candidates.ts';

export interface RankedTokens {
  /** The token of a rank, from 0; undefined if so many were not found yet. Equals come by number. */
  readonly at: (rank: number) => number | undefined;
  /** The most that any token that was not looked at has; undefined when there is none. */
  readonly bound: () => number | undefined;
  /** Goes on by some tokens. */
  readonly look: () => void;
}

/** Looked at from the first, and as a rule enough. */
const FIRST = 64;

/** @param isPossible leaves tokens out; those of probability 0 are never in */
export function rankTokens(
  row: Float32Array,
  isPossible: (token: number) => boolean,
): RankedTokens {
  const first: Candidate[] = [];
  offerRow(first, FIRST, row, 0, 0);
  let sorted = first.map(({ token }) => token);
  let isSorted = sorted.length < FIRST;
  let looked = sorted.length;
  let found = sorted.filter(isPossible);
  return {
    at: (rank) => found[rank],
    bound: () => (looked < sorted.length || !isSorted ? row[sorted[looked - 1]!] : undefined),
    look: () => {
      if (!isSorted) sorted = sortTokens(row);
      isSorted = true;
      const more = sorted.slice(looked, 4 * looked);
      looked += more.length;
      found = [...found, ...more.filter(isPossible)];
    },
  };
}

function sortTokens(row: Float32Array): number[] {
  const tokens = Array.from(row.keys()).filter((token) => row[token]! > Number.NEGATIVE_INFINITY);
  return tokens.sort((a, b) => row[b]! - row[a]! || a - b);
}
