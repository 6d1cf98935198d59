/**
 * The answer that most proposers agree on, given as it is (self-consistency where one member is asked
 * several times: X. Wang et al., arXiv:2203.11171). What counts as the same answer, and ties, are the
 * business of the function that counts; it gets the answers in the order in which members are listed.
 */

import { badInput } from '../../../errors.ts';
import { type Fuse, loneSurvivor, verbatim } from '../outcome.ts';
import type { PanelFunctions } from '../plan.ts';
import { propose } from '../propose.ts';

export function voteBy(vote: NonNullable<PanelFunctions['vote']>): Fuse {
  return async (run) => {
    const proposals = await propose(run, 1, () => ({ request: run.request }));
    const lone = loneSurvivor(proposals);
    if (lone) return lone;
    const { index } = vote(proposals.map(({ answer, weight }) => ({ text: answer.text, weight })));
    const winner = proposals[index];
    if (winner) return verbatim(winner);
    throw badInput(`the vote chose answer ${index} of ${proposals.length}, counted from 0`);
  };
}
