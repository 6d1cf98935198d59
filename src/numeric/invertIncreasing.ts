/** Quantiles of a distribution from its distribution function, by bisection down to one double. */

/**
 * @returns the x in (low, high) at which `increasing` reaches `target`; a bound may be infinite, and
 * where the function is nowhere as low or as high, the bound is returned
 */
export function invertIncreasing(
  increasing: (x: number) => number,
  target: number,
  low: number,
  high: number,
): number {
  let [below, above] = [finiteBound(low, -1), finiteBound(high, 1)];
  while (below > low && increasing(below) > target) below *= 2;
  while (above < high && increasing(above) < target) above *= 2;
  for (;;) {
    const middle = below / 2 + above / 2;
    if (middle <= below || middle >= above) return middle;
    if (increasing(middle) < target) below = middle;
    else above = middle;
  }
}

/** The least whole number from 0 to `most` at which `increasing` is at least `target`. */
export function leastReaching(
  increasing: (k: number) => number,
  target: number,
  most: number,
): number {
  let [least, reached] = [0, most];
  while (least < reached) {
    const middle = Math.floor((least + reached) / 2);
    if (increasing(middle) >= target) reached = middle;
    else least = middle + 1;
  }
  return reached;
}

function finiteBound(bound: number, start: number): number {
  return Number.isFinite(bound) ? bound : start;
}
