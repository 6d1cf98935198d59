/**
 * The tokens of a row in the order of their probability, as far as they are asked for: a search looks
 * at few of them, and a whole vocabulary takes long to sort.
 */

import { type Candidate, offerRow } from '../../model/generate/candidates.ts';

/** The token of a rank, from 0; undefined when there are no more. Equals come by number. */
export type RankedTokens = (rank: number) => number | undefined;

/** Found in one pass, and as a rule enough. */
const FIRST = 64;

/** @param isPossible leaves tokens out; those of probability 0 are never in */
export function rankTokens(
  row: Float32Array,
  isPossible: (token: number) => boolean,
): RankedTokens {
  const first: Candidate[] = [];
  offerRow(first, FIRST, row, 0, 0);
  const seen = first.map(({ token }) => token);
  let ranked = seen.filter(isPossible);
  let isWhole = first.length < FIRST;
  return (rank) => {
    if (rank >= ranked.length && !isWhole) {
      isWhole = true;
      ranked = [...ranked, ...sortRest(row, seen, isPossible)];
    }
    return ranked[rank];
  };
}

function sortRest(
  row: Float32Array,
  seen: readonly number[],
  isPossible: (token: number) => boolean,
): number[] {
  const isSeen = new Set(seen);
  const rest: number[] = [];
  for (let token = 0; token < row.length; token++) {
    if (row[token]! > Number.NEGATIVE_INFINITY && !isSeen.has(token) && isPossible(token)) {
      rest.push(token);
    }
  }
  return rest.sort((a, b) => row[b]! - row[a]! || a - b);
}
