/**
 * What weights are to make small: means over items, from log-probabilities [items][labelCount].
 * Lower is better.
 */

import type { MemberTable } from './memberTable.ts';

/** A table's answers, without its members. */
export type Answers = Pick<MemberTable, 'answers' | 'labelCount' | 'counts'>;

export type Loss = (logProbabilities: Float64Array, answers: Answers) => number;

/** Probabilities closer than this are alike: it is rounding that tells them apart. */
const ALIKE = 1e-12;

/** In nats; Infinity if one answer was impossible. */
export const logLoss: Loss = (logProbabilities, answers) =>
  meanOver(answers, (row, answer) => -logProbabilities[row + answer]!);

/** Share of wrong favourites; of labels that are alike the first is the favourite. */
export const errorRate: Loss = (logProbabilities, answers) =>
  meanOver(answers, (row, answer) =>
    favouriteOf(logProbabilities, row, answers.labelCount) === answer ? 0 : 1,
  );

/** Squared distance to the truth, summed over labels (G. Brier, 1950). */
export const brierScore: Loss = (logProbabilities, answers) =>
  meanOver(answers, (row, answer) => {
    let sum = 0;
    for (let y = 0; y < answers.labelCount; y++) {
      sum += (Math.exp(logProbabilities[row + y]!) - (y === answer ? 1 : 0)) ** 2;
    }
    return sum;
  });

function meanOver(
  { answers, labelCount, counts }: Answers,
  lossAt: (row: number, answer: number) => number,
): number {
  let sum = 0;
  let total = 0;
  for (let n = 0; n < answers.length; n++) {
    const count = counts?.[n] ?? 1;
    if (count === 0) continue;
    sum += count * lossAt(n * labelCount, answers[n]!);
    total += count;
  }
  return sum / total;
}

function favouriteOf(logProbabilities: Float64Array, row: number, labelCount: number): number {
  let favourite = 0;
  for (let y = 1; y < labelCount; y++) {
    const lead =
      Math.exp(logProbabilities[row + y]!) - Math.exp(logProbabilities[row + favourite]!);
    if (lead > ALIKE) favourite = y;
  }
  return favourite;
}
