/**
 * Ensemble selection (R. Caruana et al., "Ensemble Selection from Libraries of Models", ICML 2004):
 * greedily, with replacement, picks the member whose joining makes the loss of the plain mean of all
 * picks least, and keeps the best prefix. Any loss will do; a member's weight is its share of the picks.
 */

import { badInput } from '../../errors.ts';
import { type Loss, logLoss } from './losses.ts';
import { assertTable, type MemberTable } from './memberTable.ts';

export interface SelectionOptions {
  /** The log loss unless given. */
  readonly loss?: Loss;
  /** Picks to make; 15 unless given. */
  readonly picks?: number;
}

export interface Selection {
  /** Shares of the picks kept. */
  readonly weights: readonly number[];
  readonly loss: number;
  /** All that were made, with the loss after each. */
  readonly picks: readonly number[];
  readonly losses: readonly number[];
  /** How many of them were kept. */
  readonly kept: number;
}

const DEFAULT_PICKS = 15;
/** Losses closer than this are alike. */
const ALIKE = 1e-12;

/**
 * Of candidates alike the one picked before wins, then the first; of prefixes alike the shortest. A
 * loss that is not a number counts as infinite.
 */
export function selectMembers(table: MemberTable, options: SelectionOptions = {}): Selection {
  assertTable(table);
  const { loss = logLoss, picks: pickCount = DEFAULT_PICKS } = options;
  if (!(Number.isInteger(pickCount) && pickCount > 0)) {
    throw badInput(`selection: ${pickCount} is not a number of picks`);
  }
  const members = table.members.map((member) => member.map(Math.exp));
  const sum = new Float64Array(members[0]!.length);
  const picks: number[] = [];
  const losses: number[] = [];
  while (picks.length < pickCount) {
    const candidates = members.map((member) =>
      lossWith(sum, member, picks.length + 1, loss, table),
    );
    const pick = bestCandidate(candidates, picks);
    members[pick]!.forEach((probability, k) => {
      sum[k]! += probability;
    });
    picks.push(pick);
    losses.push(candidates[pick]!);
  }
  const kept = firstAlikeTheLeast(losses) + 1;
  const weights = members.map((_, i) => picks.slice(0, kept).filter((p) => p === i).length / kept);
  return { weights, loss: losses[kept - 1]!, picks, losses, kept };
}

function lossWith(
  sum: Float64Array,
  member: Float64Array,
  size: number,
  loss: Loss,
  table: MemberTable,
): number {
  const value = loss(
    sum.map((total, k) => Math.log((total + member[k]!) / size)),
    table,
  );
  return Number.isFinite(value) ? value : Number.POSITIVE_INFINITY;
}

function bestCandidate(losses: readonly number[], picks: readonly number[]): number {
  const alike = placesAlikeTheLeast(losses);
  return alike.find((i) => picks.includes(i)) ?? alike[0]!;
}

function firstAlikeTheLeast(losses: readonly number[]): number {
  return placesAlikeTheLeast(losses)[0]!;
}

function placesAlikeTheLeast(losses: readonly number[]): number[] {
  const limit = Math.min(...losses) + ALIKE;
  return [...losses.keys()].filter((i) => losses[i]! <= limit);
}
