/**
 * Weights fitted to what members said, with all that is needed to judge them: the loss by weights that
 * did not see an item, the members by themselves, and equal weights.
 */

import { badInput } from '../../errors.ts';
import { linearPool } from '../pool/linearPool.ts';
import { logLinearPool } from '../pool/logLinearPool.ts';
import { crossFit, seededFolds } from '../weights/crossFit.ts';
import { DEFAULT_FLOOR } from '../weights/logLinearWeights.ts';
import { brierScore, errorRate, type Loss, logLoss } from '../weights/losses.ts';
import type { MemberTable } from '../weights/memberTable.ts';
import {
  linearRule,
  logLinearRule,
  selectionRule,
  temperedRule,
  type WeightRule,
} from '../weights/rules.ts';

export type FittedPool = 'linear' | 'log_linear';

export interface WeightSettings {
  readonly loss?: 'log_loss' | 'brier' | 'error' | undefined;
  readonly method?: 'optimum' | 'selection' | undefined;
  readonly temperature?: boolean | undefined;
}

export interface WeightReport {
  readonly lossName: string;
  readonly weights: readonly number[];
  readonly temperatures: readonly number[] | undefined;
  /** Of each member by itself. */
  readonly memberLosses: readonly number[];
  /** Shares of wrong choices, where whole distributions are known. */
  readonly memberErrors: readonly number[] | undefined;
  /** Of the member with the least loss, its place. */
  readonly best: number;
  /** Of equal weights. */
  readonly uniformLoss: number;
  readonly uniformError: number | undefined;
  /** By weights that did not see the item. */
  readonly crossFittedLoss: number;
  readonly crossFittedError: number | undefined;
  /** On the very items that the weights were fitted to. */
  readonly fittedLoss: number;
  /** No weights have a log loss that is smaller by more than this, where that was the aim. */
  readonly gapBound: number | undefined;
}

const LOSSES: Readonly<Record<string, Loss>> = {
  log_loss: logLoss,
  brier: brierScore,
  error: errorRate,
};

interface Fitted {
  readonly weights: readonly number[];
  readonly gapBound?: number;
  readonly temperatures?: readonly number[];
}

/** @param folds of each item, as `itemFolds` makes them */
export function weightReport(
  table: MemberTable,
  folds: Int32Array,
  pool: FittedPool,
  settings: WeightSettings,
): WeightReport {
  const { loss: lossName = 'log_loss' } = settings;
  const { method = lossName === 'log_loss' ? 'optimum' : 'selection' } = settings;
  const judge: Judge = { table, folds, pool, settings, lossName, loss: LOSSES[lossName]! };
  if (method === 'optimum' && lossName !== 'log_loss') {
    throw badInput(`loss: ${lossName} has no optimum that can be computed; use method: selection`);
  }
  if (method === 'selection' && pool === 'log_linear') {
    throw badInput('method: selection counts members, whose mean is a linear pool; use linear');
  }
  if (method === 'selection') return report(judge, selectionRule({ loss: judge.loss }));
  return pool === 'linear' ? report(judge, linearRule()) : report(judge, logLinearRule());
}

interface Judge {
  readonly table: MemberTable;
  readonly folds: Int32Array;
  readonly pool: FittedPool;
  readonly settings: WeightSettings;
  readonly lossName: string;
  readonly loss: Loss;
}

function report<Fit extends Fitted>(judge: Judge, rule: WeightRule<Fit>): WeightReport {
  if (!judge.settings.temperature) return reportOf(judge, rule, (fit) => fit);
  return reportOf(judge, temperedRule(rule), ({ fit, temperatures }) => ({
    ...fit,
    temperatures: temperatures.map(({ temperature }) => usable(temperature)),
  }));
}

function reportOf<Fit>(
  { table, folds, pool, lossName, loss }: Judge,
  rule: WeightRule<Fit>,
  describe: (fit: Fit) => Fitted,
): WeightReport {
  const crossed = crossFit(table, folds, rule, loss);
  const uniform = uniformPool(table, pool);
  const knowsChoices = table.labelCount > 1;
  const { weights, temperatures, gapBound } = describe(crossed.fit);
  return {
    lossName,
    weights,
    temperatures,
    memberLosses: crossed.memberLosses,
    memberErrors: knowsChoices ? table.members.map((each) => errorRate(each, table)) : undefined,
    best: crossed.bestMember.index,
    uniformLoss: loss(uniform, table),
    uniformError: knowsChoices ? errorRate(uniform, table) : undefined,
    crossFittedLoss: crossed.loss,
    crossFittedError: knowsChoices ? errorRate(crossed.outOfFold, table) : undefined,
    fittedLoss: crossed.fittedLoss,
    gapBound,
  };
}

/** A member that is always right is left as it is; one that is never worth hearing is flat. */
function usable(temperature: number): number {
  if (temperature === 0) return 1;
  return Math.min(temperature, FLAT);
}

/** At this temperature the log-probabilities of any member are equal within rounding. */
const FLAT = 1e9;

function uniformPool({ members, labelCount }: MemberTable, pool: FittedPool): Float64Array {
  const out = new Float64Array(members[0]!.length);
  const weights = members.map(() => 1 / members.length);
  if (pool === 'linear') linearPool(members, weights, out);
  else logLinearPool(members, weights, labelCount, out, { floor: DEFAULT_FLOOR });
  return out;
}

/** Folds of items that keep groups together. */
export function itemFolds(
  groups: readonly (string | number)[],
  foldCount: number,
  seed: number,
): Int32Array {
  const names = [...new Set(groups)];
  const ofGroup = seededFolds(names.length, foldCount, seed);
  const place = new Map(names.map((name, i) => [name, ofGroup[i]!]));
  return Int32Array.from(groups, (group) => place.get(group)!);
}
