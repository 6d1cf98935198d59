/** Log-probabilities of members, as the pools take them. */

import { badInput } from '../../errors.ts';

/** Natural logarithms of probabilities; -Infinity is a probability of 0. */
export type Distribution = Float32Array | Float64Array;

export function assertSameLengths(
  pool: string,
  members: readonly Distribution[],
  weights: ArrayLike<number>,
  out: Distribution,
): void {
  if (members.length === 0) throw badInput(`${pool}: there are no members`);
  if (weights.length !== members.length) {
    throw badInput(`${pool}: ${weights.length} weights for ${members.length} members`);
  }
  members.forEach(({ length }, i) => {
    if (length === out.length) return;
    throw badInput(
      `${pool}: member ${i} has ${length} log-probabilities, the result ${out.length}`,
    );
  });
}
