/**
 * Condorcet's rule: the label that is preferred to each other label by more weight of ballots than the
 * other way round (Marquis de Condorcet, 1785).
 *
 * There may be none, since majorities can run in a circle. Then the strongest paths decide (M. Schulze,
 * "A New Monotonic, Clone-Independent, Reversal Symmetric, and Condorcet-Consistent Single-Winner
 * Election Method", Social Choice and Welfare 36, 2011): a path is as strong as its weakest majority, a
 * majority as strong as the weight of the ballots for it (his "winning votes"), and a label wins to
 * which no other has a stronger path than there is back. If that leaves several, the first of the
 * labels wins.
 */

import type { VoteOptions } from './plurality.ts';
import { countBallots, type RankedBallot } from './ranking.ts';
import { exceeds, type Tally, tallyOf } from './tally.ts';

export interface CondorcetTally extends Tally {
  /** `order` is the order of the labels, where the paths leave several. Undefined without a winner. */
  readonly decidedBy: 'condorcet' | 'schulze' | 'order' | undefined;
  /** [labels][labels], the weight of the ballots that prefer the row's label to the column's. */
  readonly preferences: readonly (readonly number[])[];
}

/** In `votes` is how many other labels a label beats, or by paths where there is no other way. */
export function condorcet(
  ballots: readonly RankedBallot[],
  labels: readonly string[],
  options: VoteOptions = {},
): CondorcetTally {
  const preferences = labels.map(() => labels.map(() => 0));
  const { abstained, anybodyVoted } = countBallots(
    ballots,
    labels.length,
    options.weights,
    (ballot, weight) => addPreferences(ballot, weight, preferences),
  );
  const majorities = strengths(preferences);
  const direct = winsOf(majorities);
  const isClear = direct.some((wins) => wins === labels.length - 1);
  const wins = isClear ? direct : winsOf(strongestPaths(majorities));
  const tally = tallyOf(labels, wins, abstained, anybodyVoted);
  return { ...tally, decidedBy: reasonOf(tally, isClear), preferences };
}

function reasonOf({ leaders }: Tally, isClear: boolean): CondorcetTally['decidedBy'] {
  if (leaders.length === 0) return undefined;
  if (leaders.length > 1) return 'order';
  return isClear ? 'condorcet' : 'schulze';
}

function addPreferences(ballot: ArrayLike<number>, weight: number, preferences: number[][]): void {
  for (let a = 0; a < ballot.length; a++) {
    for (let b = 0; b < ballot.length; b++) {
      if (ballot[a]! > ballot[b]!) preferences[a]![b]! += weight;
    }
  }
}

/** [labels][labels], of a majority the weight for it, and 0 where there is none. */
function strengths(preferences: readonly (readonly number[])[]): number[][] {
  return preferences.map((row, a) =>
    row.map((votes, b) => (exceeds(votes, preferences[b]![a]!) ? votes : 0)),
  );
}

/** The widest paths, by the algorithm of Floyd and Warshall. */
function strongestPaths(majorities: readonly (readonly number[])[]): number[][] {
  const paths = majorities.map((row) => [...row]);
  for (let through = 0; through < paths.length; through++) {
    for (let a = 0; a < paths.length; a++) {
      for (let b = 0; b < paths.length; b++) {
        const detour = Math.min(paths[a]![through]!, paths[through]![b]!);
        if (a !== b) paths[a]![b] = Math.max(paths[a]![b]!, detour);
      }
    }
  }
  return paths;
}

/** How many others each label beats. */
function winsOf(paths: readonly (readonly number[])[]): number[] {
  return paths.map((row, a) => row.filter((path, b) => exceeds(path, paths[b]![a]!)).length);
}
