/**
 * Cross-fitting: an honest loss of fitted weights without a second held-out set.
 *
 * The items are split into k folds; each fold is fused by weights fitted on the others, so no item
 * takes part in weights that it is judged by (M. Stone, "Cross-Validatory Choice and Assessment of
 * Statistical Predictions", JRSS B 36, 1974). The weights to use are fitted on all items in the end.
 */

import { badInput } from '../../errors.ts';
import { seededRandom, shuffle } from '../../numeric/random.ts';
import { type Loss, logLoss } from './losses.ts';
import { assertTable, type MemberTable, rowsOf } from './memberTable.ts';
import type { WeightRule } from './rules.ts';

export interface CrossFit<Fit> {
  /** [items][labelCount], each item fused by weights that have not seen it. */
  readonly outOfFold: Float64Array;
  /** The loss of `outOfFold`. */
  readonly loss: number;
  /** What was fitted without each fold. */
  readonly foldFits: readonly Fit[];
  /** What was fitted on all items, and its loss on them, which flatters it. */
  readonly fit: Fit;
  readonly fittedLoss: number;
  /** Losses of the members by themselves, and the least of them: the one to beat. */
  readonly memberLosses: readonly number[];
  readonly bestMember: { readonly index: number; readonly loss: number };
}

/**
 * @param folds of each item the number of its fold, from 0 on, none of them empty: `seededFolds`, or
 *   folds that keep together what belongs together
 */
export function crossFit<Fit>(
  table: MemberTable,
  folds: ArrayLike<number>,
  rule: WeightRule<Fit>,
  loss: Loss = logLoss,
): CrossFit<Fit> {
  assertTable(table);
  const itemsOf = itemsByFold(folds, table.answers.length);
  const outOfFold = new Float64Array(table.answers.length * table.labelCount);
  const foldFits = itemsOf.map((held, fold) => {
    const fit = rule.fit(
      rowsOf(
        table,
        itemsOf.flatMap((items, f) => (f === fold ? [] : items)),
      ),
    );
    scatter(fused(rule, fit, rowsOf(table, held)), held, table.labelCount, outOfFold);
    return fit;
  });
  const fit = rule.fit(table);
  const memberLosses = table.members.map((member) => loss(member, table));
  const index = memberLosses.indexOf(Math.min(...memberLosses));
  return {
    outOfFold,
    loss: loss(outOfFold, table),
    foldFits,
    fit,
    fittedLoss: loss(fused(rule, fit, table), table),
    memberLosses,
    bestMember: { index, loss: memberLosses[index]! },
  };
}

/** Folds of equal size, give or take one, by a shuffle that follows from the seed. */
export function seededFolds(itemCount: number, foldCount: number, seed: number): Int32Array {
  assertFoldCount(foldCount, itemCount);
  const order = shuffle(
    Uint32Array.from({ length: itemCount }, (_, i) => i),
    seededRandom(seed),
  );
  const folds = new Int32Array(itemCount);
  order.forEach((item, place) => {
    folds[item] = place % foldCount;
  });
  return folds;
}

function fused<Fit>(rule: WeightRule<Fit>, fit: Fit, { members, labelCount }: MemberTable) {
  const out = new Float64Array(members[0]!.length);
  rule.pool(fit, members, labelCount, out);
  return out;
}

function scatter(
  rows: Float64Array,
  items: readonly number[],
  labelCount: number,
  out: Float64Array,
): void {
  items.forEach((item, row) => {
    out.set(rows.subarray(row * labelCount, (row + 1) * labelCount), item * labelCount);
  });
}

function itemsByFold(folds: ArrayLike<number>, itemCount: number): readonly (readonly number[])[] {
  if (folds.length !== itemCount) {
    throw badInput(`folds: ${folds.length} of them are named, for ${itemCount} items`);
  }
  const numbers = Array.from(folds);
  const wrong = numbers.findIndex(
    (fold) => !Number.isInteger(fold) || fold < 0 || fold >= itemCount,
  );
  if (wrong >= 0) throw badInput(`folds: item ${wrong} is in fold ${numbers[wrong]}`);
  const foldCount = numbers.reduce((most, fold) => Math.max(most, fold + 1), 0);
  assertFoldCount(foldCount, itemCount);
  const items = Array.from({ length: foldCount }, (): number[] => []);
  for (const [item, fold] of numbers.entries()) items[fold]!.push(item);
  const empty = items.findIndex(({ length }) => length === 0);
  if (empty >= 0) throw badInput(`folds: fold ${empty} of ${foldCount} has no items`);
  return items;
}

function assertFoldCount(foldCount: number, itemCount: number): void {
  if (Number.isInteger(foldCount) && foldCount >= 2 && foldCount <= itemCount) return;
  throw badInput(`folds: ${foldCount} folds of ${itemCount} items, and there must be 2 at least`);
}
