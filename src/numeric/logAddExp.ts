/**
 * log(e^a + e^b), the sum of two probabilities that are known by their logarithms.
 *
 *   log(e^a + e^b) = max(a, b) + s(|a - b|),     s(x) = log(1 + e^-x)
 *
 * s comes from a table of its Taylor polynomials of degree 5 about every thirty-second (P.-T. P. Tang,
 * "Table-lookup algorithms for elementary functions", ARITH 1991): no exponential and no logarithm,
 * which would take three times as long. The relative error of the sum is below 7e-14: s is analytic
 * within pi of any real x and at most 3.3 in size within 3, so by Cauchy's estimate what is cut off at
 * |h| <= 1/64 is at most 3.3 (1/192)^6 / (1 - 1/192). What the tests find is below 1e-14.
 */

/** Beyond it s(x) < 2^-53: the smaller term does not change the sum. */
const LIMIT = 37;
const CELLS = 32;
const DEGREE = 5;
const STRIDE = DEGREE + 1;

/** [cells][coefficients] */
const SERIES = Float64Array.from(
  Array.from({ length: LIMIT * CELLS + 1 }, (_, cell) => seriesAbout(cell / CELLS)).flat(),
);

/** -Infinity is a probability of 0, and NaN stays NaN. */
export function logAddExp(a: number, b: number): number {
  const distance = Math.abs(a - b);
  if (distance < LIMIT) return Math.max(a, b) + logOnePlusExp(distance);
  // Two infinities of one sign, and NaN, are what is left.
  return a > b ? a : a < b ? b : a + b;
}

/** s(x) for 0 <= x < LIMIT; the polynomial in pairs, which a processor computes side by side. */
function logOnePlusExp(x: number): number {
  const cell = (x * CELLS + 0.5) | 0;
  const h = x - cell / CELLS;
  const hh = h * h;
  const at = cell * STRIDE;
  const low = SERIES[at]! + h * SERIES[at + 1]!;
  const middle = SERIES[at + 2]! + h * SERIES[at + 3]!;
  const high = SERIES[at + 4]! + h * SERIES[at + 5]!;
  return low + hh * (middle + hh * high);
}

/**
 * Coefficients l of the logarithm of the power series u of 1 + e^-x about x = c:
 * k u_0 l_k = k u_k - sum over 0 < j < k of j l_j u_(k-j).
 */
function seriesAbout(c: number): number[] {
  const u = [1 + Math.exp(-c)];
  for (let k = 1, term = Math.exp(-c); k <= DEGREE; k++) {
    term /= -k;
    u.push(term);
  }
  const l = [Math.log1p(Math.exp(-c))];
  for (let k = 1; k <= DEGREE; k++) {
    let sum = k * u[k]!;
    for (let j = 1; j < k; j++) sum -= j * l[j]! * u[k - j]!;
    l.push(sum / (k * u[0]!));
  }
  return l;
}
