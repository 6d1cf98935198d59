/** Values of scipy, statsmodels and sacrebleu; each file says which version, and every convention. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { PairCounts } from '../../../src/task/significance/correctness.ts';

export type Bounds = readonly [number, number];

interface Statistic {
  readonly statistic: number;
  readonly p: number;
}

export interface McnemarTable extends PairCounts {
  readonly kind: 'mcnemar';
  readonly id: string;
  readonly expected: {
    readonly exact: number;
    readonly midP: number;
    readonly chi2: Statistic;
    readonly chi2Corrected: Statistic;
  };
}

export interface NewcombeTable extends PairCounts {
  readonly kind: 'newcombePaired';
  readonly id: string;
  readonly expected: {
    readonly difference: number;
    readonly method8: { readonly phi: number; readonly ci95: Bounds };
    readonly method10: { readonly phi: number; readonly ci95: Bounds };
  };
}

export interface CochranTable {
  readonly kind: 'cochranQ';
  readonly id: string;
  /** [items, systems] */
  readonly correct: readonly (readonly number[])[];
  readonly expected: Statistic & { readonly df: number };
}

type Wilcoxon = Statistic & { readonly z: number };

export interface PairedTable {
  readonly kind: 'paired';
  readonly id: string;
  readonly first: readonly number[];
  readonly second: readonly number[];
  readonly expected: {
    readonly t: number;
    readonly df: number;
    readonly p: number;
    readonly ci95: Bounds;
    readonly wilcoxon: {
      readonly approx: Wilcoxon;
      readonly approxCorrected: Wilcoxon;
      readonly approxPratt: Wilcoxon;
      readonly exactPermutation?: { readonly p: number };
    };
    readonly wPlus: number;
    readonly wMinus: number;
  };
}

export interface MultipleTable {
  readonly kind: 'multipleTesting';
  readonly id: string;
  readonly p: readonly number[];
  readonly expected: Readonly<
    Record<'holm' | 'benjaminiHochberg', { readonly adjusted: readonly number[] }>
  >;
}

export interface IntervalTable {
  readonly kind: 'proportionInterval';
  readonly id: string;
  readonly successes: number;
  readonly n: number;
  /** By level. */
  readonly expected: Readonly<
    Record<string, { readonly wilson: Bounds; readonly clopperPearson: Bounds }>
  >;
}

export interface DistributionTable {
  readonly kind: 'distribution';
  readonly id: string;
  readonly distribution: 'normal' | 't' | 'chi2' | 'binomial' | 'beta';
  readonly parameters: Readonly<Record<string, number>>;
  readonly x: readonly number[];
  readonly p: readonly number[];
  readonly expected: {
    readonly cdf: readonly number[];
    readonly upperTail: readonly number[];
    readonly quantile: readonly number[];
    readonly pmf?: readonly number[];
  };
}

export interface ResamplingTable {
  readonly kind: 'resampling';
  readonly id: string;
  readonly metric: string;
  readonly references: readonly string[];
  readonly first: readonly string[];
  readonly second: readonly string[];
  readonly bootstrapIndices: readonly (readonly number[])[];
  readonly swapMasks: readonly (readonly number[])[];
  readonly expected: {
    readonly scores: Bounds;
    readonly bootstrap: {
      readonly first: readonly number[];
      readonly second: readonly number[];
      readonly pCentred: number;
      readonly fractionFirstNotBetter: number;
      readonly percentile95: Bounds;
    };
    readonly randomization: { readonly pairs: readonly Bounds[]; readonly p: number };
  };
}

type SignificanceTable =
  | McnemarTable
  | NewcombeTable
  | CochranTable
  | PairedTable
  | MultipleTable
  | IntervalTable
  | DistributionTable
  | ResamplingTable;

interface ExpectedPair {
  readonly i: number;
  readonly j: number;
  readonly q: number | null;
  readonly rho: number | null;
  readonly disagreement: number;
  readonly doubleFault: number;
  readonly kappa: number | null;
}

export interface DiversityTable {
  readonly id: string;
  /** [items, members] */
  readonly correct: readonly (readonly number[])[];
  readonly expected: {
    readonly pairs: readonly ExpectedPair[];
    readonly mean_q: number | null;
    readonly mean_rho: number | null;
    readonly mean_disagreement: number;
    readonly mean_doubleFault: number;
    readonly mean_kappa: number | null;
    readonly entropy: number;
    readonly kohaviWolpertVariance: number;
    readonly interraterKappa: number | null;
    readonly generalizedDiversity: number | null;
    readonly coincidentFailureDiversity: number;
    readonly difficulty: number;
    readonly meanAccuracy: number;
  };
}

const significanceTables: readonly SignificanceTable[] = read('significance');
export const diversityTables: readonly DiversityTable[] = read('diversity');

export function tablesOf<Kind extends SignificanceTable['kind']>(
  kind: Kind,
): Extract<SignificanceTable, { kind: Kind }>[] {
  return significanceTables.filter((table) => isOfKind(table, kind));
}

/** From [items, systems] to [systems, items]. */
export function bySystem(rows: readonly (readonly number[])[]): number[][] {
  return rows[0]!.map((_, system) => rows.map((row) => row[system]!));
}

/** Within `relative` of the expected value, or within a double's rounding of 1. */
export function expectClose(found: number, expected: number, relative = 1e-9): void {
  const gap = Math.abs(found - expected);
  if (!(gap <= relative * Math.abs(expected))) expect(found).toBeCloseTo(expected, 15);
}

function isOfKind<Kind extends SignificanceTable['kind']>(
  table: SignificanceTable,
  kind: Kind,
): table is Extract<SignificanceTable, { kind: Kind }> {
  return table.kind === kind;
}

function read<Table>(name: string): readonly Table[] {
  const path = join(import.meta.dirname, 'oracles', `${name}.json`);
  return JSON.parse(readFileSync(path, 'utf8')).tables;
}
