/**
 * Partial selection: the largest values of a list, without sorting it.
 *
 * Quickselect by weight (C. A. R. Hoare, "Algorithm 65: FIND", CACM 4(7), 1961), three-way so that
 * equal values cost nothing, and with a sort of what is left when the pivots were bad (D. R. Musser,
 * "Introspective Sorting and Selection Algorithms", 1997): O(n) expected, O(n log n) at worst.
 */

/** Below this a sort is quicker than another partition. */
const SMALL = 16;

/**
 * Arranges values[0, end) so that the first n are the n largest, n being the smallest number whose
 * weights sum to `target` at least; returns n, or `end` if all of them do not reach it.
 */
export function partitionLargest(
  values: Float64Array,
  end: number,
  target: number,
  weightOf: (value: number) => number,
): number {
  let [low, high, needed] = [0, end, target];
  let roundsLeft = 4 + 2 * Math.log2(end + 1);
  while (high - low > SMALL && roundsLeft-- > 0) {
    const pivot = medianOfThree(values[low]!, values[(low + high) >> 1]!, values[high - 1]!);
    const [equalFrom, equalTo] = partition(values, low, high, pivot);
    const above = sumOfWeights(values, low, equalFrom, weightOf);
    if (needed <= above) {
      high = equalFrom;
      continue;
    }
    const weight = weightOf(pivot);
    const equals = (equalTo - equalFrom) * weight;
    if (needed - above <= equals) {
      return equalFrom + Math.max(1, Math.ceil((needed - above) / weight));
    }
    needed -= above + equals;
    low = equalTo;
  }
  values.subarray(low, high).sort().reverse();
  while (low < high && needed > 0) needed -= weightOf(values[low++]!);
  return low;
}

/** Moves what is above the pivot to the front and what is below to the back. */
function partition(
  values: Float64Array,
  low: number,
  high: number,
  pivot: number,
): [equalFrom: number, equalTo: number] {
  let [equalFrom, next, equalTo] = [low, low, high];
  while (next < equalTo) {
    const value = values[next]!;
    if (value > pivot) {
      values[next++] = values[equalFrom]!;
      values[equalFrom++] = value;
    } else if (value < pivot) {
      values[next] = values[--equalTo]!;
      values[equalTo] = value;
    } else next++;
  }
  return [equalFrom, equalTo];
}

function sumOfWeights(
  values: Float64Array,
  start: number,
  end: number,
  weightOf: (value: number) => number,
): number {
  let total = 0;
  for (let i = start; i < end; i++) total += weightOf(values[i]!);
  return total;
}

function medianOfThree(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
