/**
 * Which items each system has right: what tests and measures of right and wrong answers start from.
 *
 * A correctness matrix is [systems, items]: a list a system, 1 (or true) where it is right, all in one
 * order of the items.
 */

import { badInput } from '../../errors.ts';

export type Correctness = ArrayLike<number | boolean>;

/** How often two systems are right and wrong together; the four add up to the items. */
export interface PairCounts {
  readonly bothRight: number;
  readonly onlyFirstRight: number;
  readonly onlySecondRight: number;
  readonly bothWrong: number;
}

export function pairCounts(first: Correctness, second: Correctness): PairCounts {
  requireSameItems([first, second]);
  let [bothRight, onlyFirstRight, onlySecondRight] = [0, 0, 0];
  for (let i = 0; i < first.length; i++) {
    if (first[i]) second[i] ? bothRight++ : onlyFirstRight++;
    else if (second[i]) onlySecondRight++;
  }
  const bothWrong = first.length - bothRight - onlyFirstRight - onlySecondRight;
  return { bothRight, onlyFirstRight, onlySecondRight, bothWrong };
}

export function itemCountOf(counts: PairCounts): number {
  return counts.bothRight + counts.onlyFirstRight + counts.onlySecondRight + counts.bothWrong;
}

/** By item, how many systems have it right. */
export function rightPerItem(correct: readonly Correctness[]): Uint32Array {
  const right = new Uint32Array(requireSameItems(correct));
  for (const system of correct) {
    for (let i = 0; i < right.length; i++) if (system[i]) right[i]!++;
  }
  return right;
}

export function rightCount(system: Correctness): number {
  let right = 0;
  for (let i = 0; i < system.length; i++) if (system[i]) right++;
  return right;
}

/** @returns the count of items, which is above 0 */
function requireSameItems(correct: readonly Correctness[]): number {
  const itemCount = correct[0]?.length ?? 0;
  if (itemCount === 0) throw badInput('correctness: there are no items');
  const other = correct.findIndex(({ length }) => length !== itemCount);
  if (other < 0) return itemCount;
  throw badInput(
    `correctness: system ${other} has ${correct[other]!.length} items and system 0 has ${itemCount}`,
  );
}
