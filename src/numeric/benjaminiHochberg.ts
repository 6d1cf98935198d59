/**
 * p-values of several tests at once, adjusted so that of what is called significant the expected share
 * of false alarms stays below the level (Y. Benjamini and Y. Hochberg, "Controlling the False Discovery
 * Rate", J. R. Statist. Soc. B 57(1), 1995).
 *
 *     adjusted p_(i) = min over j >= i of min(1, m p_(j) / j)   of p_(1) <= ... <= p_(m)
 *
 * Weaker than Holm's promise (holm.ts), and so finds more; for independent or positively dependent
 * tests. Returned in the order given.
 */
export function benjaminiHochbergAdjusted(pValues: readonly number[]): number[] {
  const descending = [...pValues.keys()].sort((i, j) => pValues[j]! - pValues[i]!);
  const adjusted = new Array<number>(pValues.length);
  let smallest = 1;
  for (const [above, i] of descending.entries()) {
    const rank = pValues.length - above;
    smallest = Math.min(smallest, pValues[i]! * (pValues.length / rank));
    adjusted[i] = smallest;
  }
  return adjusted;
}
