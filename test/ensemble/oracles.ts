/** Pools and optimum weights by scipy; pools.json says every convention. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MemberTable } from '../../src/ensemble/weights/memberTable.ts';

type Rows = readonly (readonly number[])[];

interface Optimum {
  readonly weights: readonly number[] | null;
  readonly logLoss: number;
}

interface OracleTemperature {
  readonly inverseTemperature: number | null;
  readonly logLoss: number;
}

interface OracleSelection {
  readonly picks: readonly number[];
  readonly losses: readonly (number | 'Infinity')[];
  readonly prefix: number;
  readonly weights: readonly number[];
}

interface OraclePool {
  readonly weights?: readonly number[];
  readonly linear: Rows;
  readonly linearLogLoss: number;
  readonly logLinearFloored: Rows;
  readonly logLinearLogLoss?: number;
  readonly logLinearExactZeros?: readonly (readonly number[] | null)[];
}

export interface PoolTable {
  readonly id: string;
  readonly members: number;
  readonly classes: number;
  readonly labels: readonly number[];
  readonly probabilities: readonly Rows[];
  readonly expected: {
    readonly uniform: OraclePool;
    readonly weighted: OraclePool;
    readonly linearOptimum: Optimum;
    readonly emFirstSteps: Rows;
    readonly logLinearSimplexOptimum: Optimum;
    readonly logLinearNonNegativeOptimum: Optimum;
    readonly temperature: {
      readonly members: readonly OracleTemperature[];
      readonly uniformLinearPool: OracleTemperature;
    };
    readonly caruana: { readonly logLoss: OracleSelection; readonly error: OracleSelection };
  };
}

export const POOL_TABLES: readonly PoolTable[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'oracles/pools.json'), 'utf8'),
).tables;

export function memberTableOf({ probabilities, classes, labels }: PoolTable): MemberTable {
  return {
    members: probabilities.map((rows) => logsOf(rows)),
    labelCount: classes,
    answers: Int32Array.from(labels),
  };
}

export function logsOf(rows: Rows): Float64Array {
  return Float64Array.from(rows.flat(), Math.log);
}

/** The largest difference. */
export function distance(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  return Array.from(found).reduce((worst, value, i) => {
    const difference = value === expected[i] ? 0 : Math.abs(value - expected[i]!);
    return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference);
  }, 0);
}
