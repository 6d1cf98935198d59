/** What members said of items whose answers are known: all that weights are fitted on. */

import { badInput } from '../../errors.ts';

export interface MemberTable {
  /** Of each member [items][labelCount], log-probabilities. */
  readonly members: readonly Float64Array[];
  readonly labelCount: number;
  /** Of each item the place of its label. */
  readonly answers: Int32Array;
  /** How often each item counts; once unless given. */
  readonly counts?: Float64Array;
}

/**
 * A table that holds no more than the log-probability of each item's answer, [members][items]: all
 * that the weights of a linear pool depend on, and for tokens all that fits into memory.
 */
export function tableOfAnswers(
  members: readonly Float64Array[],
  counts?: Float64Array,
): MemberTable {
  const answers = new Int32Array(members[0]?.length ?? 0);
  return { members, labelCount: 1, answers, ...(counts ? { counts } : {}) };
}

export function assertTable({ members, labelCount, answers, counts }: MemberTable): void {
  if (members.length === 0) throw badInput('weights: there are no members to fit them for');
  if (answers.length === 0) throw badInput('weights: there are no items to fit them on');
  members.forEach(({ length }, i) => {
    if (length === answers.length * labelCount) return;
    throw badInput(
      `weights: member ${i} has ${length} log-probabilities, ${answers.length} items of ${labelCount} ` +
        `labels have ${answers.length * labelCount}`,
    );
  });
  const wrong = answers.findIndex((answer) => !(answer >= 0 && answer < labelCount));
  if (wrong >= 0) {
    throw badInput(
      `weights: the answer of item ${wrong} is label ${answers[wrong]} of ${labelCount}`,
    );
  }
  if (counts) assertCounts(counts, answers.length);
}

function assertCounts(counts: Float64Array, itemCount: number): void {
  if (counts.length !== itemCount) {
    throw badInput(`weights: ${counts.length} counts for ${itemCount} items`);
  }
  const wrong = counts.findIndex((count) => !(count >= 0 && count < Number.POSITIVE_INFINITY));
  if (wrong >= 0) throw badInput(`weights: item ${wrong} counts ${counts[wrong]} times`);
  if (!counts.some((count) => count > 0)) throw badInput('weights: the counts of all items are 0');
}

/** [items], the log-probability that a member gave each item's answer. */
export function answerLogProbabilities(
  member: Float64Array,
  { answers, labelCount }: Pick<MemberTable, 'answers' | 'labelCount'>,
): Float64Array {
  return Float64Array.from(answers, (answer, item) => member[item * labelCount + answer]!);
}

/** The rows of some items, in the order given. */
export function rowsOf(table: MemberTable, items: readonly number[]): MemberTable {
  const { labelCount, answers, counts } = table;
  const members = table.members.map((member) => {
    const rows = new Float64Array(items.length * labelCount);
    items.forEach((item, row) => {
      const start = item * labelCount;
      rows.set(member.subarray(start, start + labelCount), row * labelCount);
    });
    return rows;
  });
  const chosen = { members, labelCount, answers: Int32Array.from(items, (item) => answers[item]!) };
  return counts ? { ...chosen, counts: Float64Array.from(items, (item) => counts[item]!) } : chosen;
}
