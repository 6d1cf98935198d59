/**
 * log sum_k exp(x_k), with the largest term taken out so that nothing overflows. -Infinity counts
 * nothing, and if there is nothing else it is the result; NaN stays NaN.
 */

import { decayingExp } from './decayingExp.ts';

export function logSumExp(values: ArrayLike<number>): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < values.length; k++) largest = Math.max(largest, values[k]!);
  // An infinite largest has no distances to it.
  if (!Number.isFinite(largest)) return largest;
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += decayingExp(largest - values[k]!);
  return largest + Math.log(sum);
}
