/** The loss that logLinearWeights.ts minimises, with its derivatives. */

import type { ConvexFunction, Expansion } from '../../numeric/minimizeConvex.ts';
import type { MemberTable } from './memberTable.ts';

export interface LogLinearFunction extends ConvexFunction {
  /** Whether every item's answer is the strict favourite. */
  readonly isSeparating: (weights: Float64Array) => boolean;
}

/** One item under some weights; the memory is used again for the next item. */
interface ItemScores {
  /** [labels], sum_i w_i l_i(y). */
  readonly scores: Float64Array;
  /** [labels] */
  readonly probabilities: Float64Array;
}

export function logLinearFunction(
  table: MemberTable,
  floor: number,
  ridge: number,
): LogLinearFunction {
  const logs = table.members.map((member) => flooredLogs(member, Math.log(floor)));
  const data: Data = { ...table, members: logs, shares: sharesOf(table), ridge };
  return {
    valueAt: (weights) => valueAt(data, weights),
    expansionAt: (weights) => expansionAt(data, weights),
    isSeparating: (weights) => isSeparating(data, weights),
  };
}

interface Data extends MemberTable {
  /** Of the items; their sum is 1. */
  readonly shares: Float64Array;
  readonly ridge: number;
}

function flooredLogs(member: Float64Array, lowest: number): Float64Array {
  return member.map((logProbability) => Math.max(logProbability, lowest));
}

function sharesOf({ answers, counts }: MemberTable): Float64Array {
  const all = counts ?? new Float64Array(answers.length).fill(1);
  const total = all.reduce((sum, count) => sum + count, 0);
  return all.map((count) => count / total);
}

function emptyScores({ labelCount }: Data): ItemScores {
  return {
    scores: new Float64Array(labelCount),
    probabilities: new Float64Array(labelCount),
  };
}

function fillScores(
  { members, labelCount }: Data,
  weights: Float64Array,
  item: number,
  scores: Float64Array,
): void {
  scores.fill(0);
  for (let i = 0; i < members.length; i++) {
    const member = members[i]!;
    const weight = weights[i]!;
    for (let y = 0; y < labelCount; y++) scores[y]! += weight * member[item * labelCount + y]!;
  }
}

/** Fills the probabilities and returns the item's log loss. */
function softmax({ scores, probabilities }: ItemScores, answer: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const score of scores) largest = Math.max(largest, score);
  let total = 0;
  for (let y = 0; y < scores.length; y++) {
    probabilities[y] = Math.exp(scores[y]! - largest);
    total += probabilities[y]!;
  }
  for (let y = 0; y < scores.length; y++) probabilities[y]! /= total;
  return largest + Math.log(total) - scores[answer]!;
}

function penalty({ ridge }: Data, weights: Float64Array): number {
  return (ridge / 2) * weights.reduce((sum, w) => sum + w * w, 0);
}

function valueAt(data: Data, weights: Float64Array): number {
  const item = emptyScores(data);
  let value = penalty(data, weights);
  for (let n = 0; n < data.shares.length; n++) {
    fillScores(data, weights, n, item.scores);
    value += data.shares[n]! * softmax(item, data.answers[n]!);
  }
  return value;
}

function isSeparating(data: Data, weights: Float64Array): boolean {
  const { scores } = emptyScores(data);
  for (let n = 0; n < data.shares.length; n++) {
    if (data.shares[n] === 0) continue;
    fillScores(data, weights, n, scores);
    const answer = data.answers[n]!;
    for (let y = 0; y < scores.length; y++) {
      if (y !== answer && scores[y]! >= scores[answer]!) return false;
    }
  }
  return true;
}

function expansionAt(data: Data, weights: Float64Array): Expansion {
  const { answers, shares, ridge } = data;
  const count = weights.length;
  const item = emptyScores(data);
  const gradient = weights.map((weight) => ridge * weight);
  const hessian = new Float64Array(count * count);
  for (let i = 0; i < count; i++) hessian[i * count + i] = ridge;
  let value = penalty(data, weights);
  for (let n = 0; n < shares.length; n++) {
    fillScores(data, weights, n, item.scores);
    value += shares[n]! * softmax(item, answers[n]!);
    addDerivatives(data, n, item.probabilities, gradient, hessian);
  }
  return { value, gradient, hessian };
}

/** Features are taken from the answer's on, so that close to certainty nothing is cancelled. */
function addDerivatives(
  { members, labelCount, answers, shares }: Data,
  item: number,
  probabilities: Float64Array,
  gradient: Float64Array,
  hessian: Float64Array,
): void {
  const row = item * labelCount;
  const answer = row + answers[item]!;
  const count = members.length;
  const means = members.map((member) => {
    let mean = 0;
    for (let y = 0; y < labelCount; y++)
      mean += probabilities[y]! * (member[row + y]! - member[answer]!);
    return mean;
  });
  for (let i = 0; i < count; i++) gradient[i]! += shares[item]! * means[i]!;
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < count; j++) {
      let covariance = 0;
      for (let y = 0; y < labelCount; y++) {
        const a = members[i]![row + y]! - members[i]![answer]! - means[i]!;
        const b = members[j]![row + y]! - members[j]![answer]! - means[j]!;
        covariance += probabilities[y]! * a * b;
      }
      hessian[i * count + j]! += shares[item]! * covariance;
    }
  }
}
