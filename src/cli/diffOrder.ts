/** Orders of the rows of `lmfuse diff`: what has changed most comes first. */

import type { TensorDifference } from '../checkpoint/compareCheckpoints.ts';

export const DIFF_ORDERS = ['cosine', 'delta', 'relative', 'unchanged', 'name'] as const;
export type DiffOrder = (typeof DIFF_ORDERS)[number];

/** What to sort by, smallest first; null (not defined for this tensor) goes last. */
const KEYS: Readonly<
  Record<Exclude<DiffOrder, 'name'>, (difference: TensorDifference) => number | null>
> = {
  cosine: ({ cosine }) => cosine,
  delta: ({ deltaNorm }) => (deltaNorm === null ? null : -deltaNorm),
  relative: ({ relativeDelta }) => (relativeDelta === null ? null : -relativeDelta),
  unchanged: ({ unchangedShare }) => unchangedShare,
};

/** Equal rows keep the order of the checkpoint. */
export function sortDifferences(
  differences: readonly TensorDifference[],
  order: DiffOrder,
): TensorDifference[] {
  if (order === 'name') return differences.toSorted((a, b) => compareNames(a.name, b.name));
  const key = KEYS[order];
  const rank = (difference: TensorDifference) => key(difference) ?? Number.POSITIVE_INFINITY;
  return differences.toSorted((a, b) => {
    const [first, second] = [rank(a), rank(b)];
    return first === second ? 0 : first - second;
  });
}

/** Layer 2 before layer 10. */
const NAMES = new Intl.Collator('en', { numeric: true });

function compareNames(a: string, b: string): number {
  return NAMES.compare(a, b);
}
