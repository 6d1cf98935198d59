/**
 * Wilcoxon's signed-rank test: are positive and negative differences of the same size? Differences are
 * ranked by size, and only ranks count, so that a few items that differ much decide nothing (F.
 * Wilcoxon, Biometrics Bull. 1, 1945).
 *
 *     W+ = sum of the ranks of positive differences, W- of negative ones; equal sizes share their rank
 *     exact:  p = min(1, 2 P(W <= min(W+, W-))) over all signs of the ranks
 *     normal: z = (W+ - m) / s,   m = (sum of ranks) / 2,   s^2 = (sum of ranks^2) / 4
 *
 * The sum of squares holds the correction for equal sizes. Differences of 0 are dropped before ranking,
 * or ranked first and dropped then (J. W. Pratt, JASA 54, 1959).
 */

import { normalTails } from '../../numeric/distributions.ts';
import { pairedDifferences } from './pairedDifferences.ts';

export interface WilcoxonOptions {
  readonly zeros?: 'drop' | 'pratt';
  /** `auto`: exact for up to 50 differences. */
  readonly distribution?: 'auto' | 'exact' | 'normal';
  /** Bring |W+ - m| nearer to 0 by 1/2, because W is whole and the normal distribution is not. */
  readonly continuity?: boolean;
}

export interface Wilcoxon {
  readonly plus: number;
  readonly minus: number;
  /** Where p is of the normal distribution. */
  readonly z?: number;
  /** Two-sided; 1 where no item differs. */
  readonly p: number;
}

/** Beyond this the normal distribution serves, and the exact one is a loop of cubic cost. */
const EXACT_UP_TO = 50;

export function wilcoxonTest(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  { zeros = 'drop', distribution = 'auto', continuity = false }: WilcoxonOptions = {},
): Wilcoxon {
  const all = pairedDifferences(first, second);
  const ranked = zeros === 'drop' ? all.filter((d) => d !== 0) : all;
  const ranks = signedRanks(ranked).filter((rank) => rank !== 0);
  const sumOf = (sign: number) =>
    ranks.reduce((sum, rank) => sum + (Math.sign(rank) === sign ? Math.abs(rank) : 0), 0);
  const [plus, minus] = [sumOf(1), sumOf(-1)];
  if (ranks.length === 0) return { plus, minus, p: 1 };
  const exact = distribution === 'auto' ? ranks.length <= EXACT_UP_TO : distribution === 'exact';
  if (exact) return { plus, minus, p: exactP(ranks, Math.min(plus, minus)) };
  const z = normalScore(ranks, plus, continuity);
  return { plus, minus, z, p: 2 * normalTails(Math.abs(z)).upper };
}

/** The rank of each difference's size, from 1, with the difference's sign; 0 for a difference of 0. */
function signedRanks(differences: readonly number[]): number[] {
  const sizes = differences.map(Math.abs);
  const order = [...sizes.keys()].sort((i, j) => sizes[i]! - sizes[j]!);
  const ranks = new Array<number>(sizes.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && sizes[order[end]!] === sizes[order[start]!]) end++;
    for (const i of order.slice(start, end)) {
      ranks[i] = Math.sign(differences[i]!) * ((start + 1 + end) / 2);
    }
    start = end;
  }
  return ranks;
}

/** Ranks are whole or halves, so that twice their sum is a place in a table. */
function exactP(ranks: readonly number[], smaller: number): number {
  const doubled = ranks.map((rank) => 2 * Math.abs(rank));
  const most = doubled.reduce((sum, rank) => sum + rank, 0);
  const probability = new Float64Array(most + 1);
  probability[0] = 1;
  for (const rank of doubled) {
    for (let sum = most; sum >= 0; sum--) {
      const without = probability[sum]!;
      probability[sum] = (without + (sum >= rank ? probability[sum - rank]! : 0)) / 2;
    }
  }
  const tail = probability.subarray(0, 2 * smaller + 1).reduce((sum, each) => sum + each, 0);
  return Math.min(1, 2 * tail);
}

function normalScore(ranks: readonly number[], plus: number, continuity: boolean): number {
  const mean = ranks.reduce((sum, rank) => sum + Math.abs(rank), 0) / 2;
  const variance = ranks.reduce((sum, rank) => sum + rank * rank, 0) / 4;
  const distance = Math.max(0, Math.abs(plus - mean) - (continuity ? 0.5 : 0));
  return (Math.sign(plus - mean) * distance) / Math.sqrt(variance);
}
