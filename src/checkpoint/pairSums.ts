/**
 * Running sums over pairs of elements (a_j, b_j): what cosine, norms and the delta's norm follow
 * from. All sums are float64.
 *
 * Elements of which either is infinite or NaN enter no sum, else one of them would hide all others;
 * they are counted instead.
 */

export interface PairSums {
  /** sum a_j^2, sum a_j b_j, sum b_j^2, sum (b_j - a_j)^2 */
  aa: number;
  ab: number;
  bb: number;
  dd: number;
  elements: number;
  /** Elements of equal value; NaN equals NaN here. */
  unchanged: number;
  nonFinite: number;
}

export function emptySums(): PairSums {
  return { aa: 0, ab: 0, bb: 0, dd: 0, elements: 0, unchanged: 0, nonFinite: 0 };
}

export function addSums(sums: PairSums, more: PairSums): void {
  sums.aa += more.aa;
  sums.ab += more.ab;
  sums.bb += more.bb;
  sums.dd += more.dd;
  sums.elements += more.elements;
  sums.unchanged += more.unchanged;
  sums.nonFinite += more.nonFinite;
}

type Numbers = Float32Array | Float64Array;

/** Element by element: slow, for float64 and for tiles that hold infinities or NaN. */
export function addPairs(sums: PairSums, a: Numbers, b: Numbers): void {
  sums.elements += a.length;
  for (let j = 0; j < a.length; j++) {
    const x = a[j]!;
    const y = b[j]!;
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) sums.unchanged += 1;
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      sums.nonFinite += 1;
      continue;
    }
    const delta = y - x;
    sums.aa += x * x;
    sums.ab += x * y;
    sums.bb += y * y;
    sums.dd += delta * delta;
  }
}

/** Cosine of the angle between a and b; undefined when either is a zero vector (or empty). */
export function cosineOf({ aa, ab, bb }: PairSums): number | undefined {
  const cosine = ab / Math.sqrt(aa * bb);
  return Number.isFinite(cosine) ? Math.min(1, Math.max(-1, cosine)) : undefined;
}

/** |b - a| / |a|; undefined when a is a zero vector. */
export function relativeDeltaOf({ aa, dd }: PairSums): number | undefined {
  return aa > 0 ? Math.sqrt(dd / aa) : undefined;
}

/** Undefined when there are no elements. */
export function unchangedShareOf({ unchanged, elements }: PairSums): number | undefined {
  return elements > 0 ? unchanged / elements : undefined;
}
