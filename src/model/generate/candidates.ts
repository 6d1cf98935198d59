/**
 * The best continuations of several rows: the largest of  base + row[token]  over all of them.
 * One pass over each row, a comparison per token; what is in the list is sorted.
 */

export interface Candidate {
  /** The sum that the candidate is ranked by. */
  readonly sumLogProb: number;
  readonly row: number;
  readonly token: number;
  readonly logProbability: number;
}

/**
 * Offers every token of a row to `best`, which is sorted and holds at most `limit`. Equal sums stay
 * in the order in which they were offered; -infinity and NaN never enter.
 */
export function offerRow(
  best: Candidate[],
  limit: number,
  values: Float32Array,
  row: number,
  base: number,
): void {
  let least = leastOf(best, limit);
  for (let token = 0; token < values.length; token++) {
    const sumLogProb = base + values[token]!;
    if (!(sumLogProb > least)) continue;
    insert(best, { sumLogProb, row, token, logProbability: values[token]! });
    if (best.length > limit) best.pop();
    least = leastOf(best, limit);
  }
}

/** What a newcomer must exceed. */
function leastOf(best: readonly Candidate[], limit: number): number {
  return best.length < limit ? Number.NEGATIVE_INFINITY : best[limit - 1]!.sumLogProb;
}

function insert(best: Candidate[], candidate: Candidate): void {
  let [low, high] = [0, best.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (best[middle]!.sumLogProb >= candidate.sumLogProb) low = middle + 1;
    else high = middle;
  }
  best.splice(low, 0, candidate);
}
