/**
 * The temperature of one member, fitted to the log loss on held-out items,
 *
 *   q = softmax(log max(p, floor) / T)
 *
 * (C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017). It is the weight 1 / T of a
 * log-linear pool of one member. Members that are each calibrated do not make a calibrated pool, so
 * measure whether it helps (crossFit.ts).
 */

import { logLinearPool } from '../pool/logLinearPool.ts';
import { fitLogLinearWeights } from './logLinearWeights.ts';
import type { MemberTable } from './memberTable.ts';

export interface Temperature {
  /**
   * Above 1 the member was too certain. Infinity if it is best not listened to; 0 if it gets every item
   * right, so that no certainty is too much. 1 where none makes a difference.
   */
  readonly temperature: number;
  readonly inverseTemperature: number;
  /** False if the member says of every item that all labels are alike. */
  readonly matters: boolean;
  /** Mean log loss in nats at this temperature. */
  readonly loss: number;
}

export interface TemperatureOptions {
  /** The least probability; 1e-12 unless given. */
  readonly floor?: number;
}

/** @param member its place in the table */
export function fitTemperature(
  table: MemberTable,
  member: number,
  options: TemperatureOptions = {},
): Temperature {
  const alone = { ...table, members: [table.members[member]!] };
  const { weights, loss, hasMinimum } = fitLogLinearWeights(alone, options);
  if (isUniform(alone.members[0]!, table.labelCount)) {
    return { temperature: 1, inverseTemperature: 1, matters: false, loss };
  }
  if (!hasMinimum) {
    return { temperature: 0, inverseTemperature: Number.POSITIVE_INFINITY, matters: true, loss: 0 };
  }
  const [inverseTemperature] = weights;
  return {
    temperature: 1 / inverseTemperature!,
    inverseTemperature: inverseTemperature!,
    matters: true,
    loss,
  };
}

/** Log-probabilities [items][labelCount] at another temperature, above 0. */
export function atTemperature(
  member: Float64Array,
  labelCount: number,
  temperature: number,
  { floor = 0 }: TemperatureOptions = {},
): Float64Array {
  const tempered = new Float64Array(member.length);
  if (temperature === Number.POSITIVE_INFINITY) return tempered.fill(-Math.log(labelCount));
  logLinearPool([member], [1 / temperature], labelCount, tempered, { floor });
  return tempered;
}

function isUniform(member: Float64Array, labelCount: number): boolean {
  return member.every((logProbability, k) => logProbability === member[k - (k % labelCount)]);
}
