/** All are asked, and the first usable answer is given; the others are cancelled. */

import { badInput } from '../../../errors.ts';
import { type Outcome, verbatim } from '../outcome.ts';
import { gather, readUsable } from '../propose.ts';
import type { Run } from '../run.ts';

export async function first(run: Run): Promise<Outcome> {
  const { request, plan } = run;
  const read = readUsable(run);
  const [winner] = await gather(
    run,
    plan.proposers.map((member) => ({
      member,
      purpose: { role: 'proposer' as const },
      request,
      read,
    })),
  );
  if (winner) return verbatim(winner);
  throw badInput('no member has answered');
}
