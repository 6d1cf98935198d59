/**
 * A judge chooses among the answers, and the best is given as it is.
 *
 * Pairwise: every pair in both orders, as judges prefer a place (L. Zheng et al., arXiv:2306.05685,
 * "position bias"). An answer that is better in both orders has a point; anything else is half a point
 * for each. This is Copeland's count over the pairs: n (n - 1) calls for n answers.
 *
 * Listwise: all at once, in n rounds unless told otherwise. Round r shows a drawn order, rotated by r,
 * so that after n rounds each answer has stood in each place once; a point for each round won.
 *
 * Of equal points, the answer of the member that is listed first.
 */

import { badInput } from '../../../errors.ts';
import type { Call, Proposal } from '../call.ts';
import { drawOrder, randomFor } from '../candidates.ts';
import { type Fuse, loneSurvivor, type Outcome, verbatim } from '../outcome.ts';
import type { PanelMember } from '../plan.ts';
import { propose } from '../propose.ts';
import { type Run, throwIfEnded } from '../run.ts';
import { askVerdict, type Verdict } from '../verdict.ts';

export function judgeBy(judge: PanelMember): Fuse {
  return (run) => choose(judge, run);
}

async function choose(judge: PanelMember, run: Run): Promise<Outcome> {
  const proposals = await propose(run, 1, () => ({ request: run.request }));
  const lone = loneSurvivor(proposals);
  if (lone) return lone;
  const pointsOf = run.plan.judging === 'pairwise' ? pairwisePoints : listwisePoints;
  const points = await pointsOf(run, judge, proposals);
  const best = points.indexOf(Math.max(...points));
  return {
    ...verbatim(proposals[best]!),
    standings: proposals.map(({ call }, i) => ({ call, points: points[i]! })),
  };
}

async function pairwisePoints(
  run: Run,
  judge: PanelMember,
  proposals: readonly Proposal[],
): Promise<number[]> {
  const pairs = proposals.flatMap((_, a) =>
    proposals.slice(a + 1).map((_, i): [number, number] => [a, a + 1 + i]),
  );
  const calls = await Promise.all(
    pairs.flatMap(([a, b]) => [
      askVerdict(run, judge, 'compare', [proposals[a]!, proposals[b]!]),
      askVerdict(run, judge, 'compare', [proposals[b]!, proposals[a]!]),
    ]),
  );
  assertJudged(run, judge, calls);
  const points = proposals.map(() => 0);
  for (const [p, [a, b]] of pairs.entries()) {
    const share = pairShare(calls[2 * p]?.value, calls[2 * p + 1]?.value);
    points[a]! += share;
    points[b]! += 1 - share;
  }
  return points;
}

/**
 * What the first of a pair has of its point.
 *
 * @param swapped the verdict on the same two in the other order
 */
export function pairShare(asListed: Verdict | undefined, swapped: Verdict | undefined): number {
  if (asListed === 0 && swapped === 1) return 1;
  if (asListed === 1 && swapped === 0) return 0;
  return 0.5;
}

async function listwisePoints(
  run: Run,
  judge: PanelMember,
  proposals: readonly Proposal[],
): Promise<number[]> {
  const { seed, rounds = proposals.length } = run.plan;
  const order = drawOrder(proposals, randomFor(seed, run.request.prompt, 'order'));
  const orders = Array.from({ length: rounds }, (_, r) => rotated(order, r % order.length));
  const calls = await Promise.all(orders.map((shown) => askVerdict(run, judge, 'choose', shown)));
  assertJudged(run, judge, calls);
  const points = proposals.map(() => 0);
  for (const [r, { value }] of calls.entries()) {
    if (typeof value === 'number') points[proposals.indexOf(orders[r]![value]!)]! += 1;
  }
  return points;
}

function rotated<T>(list: readonly T[], by: number): T[] {
  return [...list.slice(by), ...list.slice(0, by)];
}

/** A verdict that did not come is a tie, if failures may be dropped; but one there must be. */
function assertJudged(run: Run, { name }: PanelMember, calls: readonly Call<Verdict>[]): void {
  throwIfEnded(run);
  const failed = calls.find(({ value }) => value === undefined);
  if (failed === undefined) return;
  const isUnjudged = calls.every(({ value }) => value === undefined);
  if (run.plan.onFailure !== 'error' && !isUnjudged) return;
  throw badInput(`judge ${name}: ${failed.reason}`);
}
