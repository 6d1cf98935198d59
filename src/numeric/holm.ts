/**
 * p-values of several tests at once, adjusted so that the chance of any false alarm stays below the
 * level (S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scand. J. Statist. 6,
 * 1979). Returned in the order given.
 */
export function holmAdjusted(pValues: readonly number[]): number[] {
  const ascending = [...pValues.keys()].sort((i, j) => pValues[i]! - pValues[j]!);
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  for (const [rank, i] of ascending.entries()) {
    largest = Math.max(largest, Math.min(1, (pValues.length - rank) * pValues[i]!));
    adjusted[i] = largest;
  }
  return adjusted;
}
