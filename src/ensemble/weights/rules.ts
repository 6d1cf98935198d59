/** Ways to fit a pool, in one form, for crossFit.ts and for whoever lets the user choose. */

import type { Distribution } from '../pool/distribution.ts';
import { linearPool } from '../pool/linearPool.ts';
import { logLinearPool } from '../pool/logLinearPool.ts';
import {
  fitLinearWeights,
  type LinearWeights,
  type LinearWeightsOptions,
} from './linearWeights.ts';
import {
  DEFAULT_FLOOR,
  fitLogLinearWeights,
  type LogLinearWeights,
  type LogLinearWeightsOptions,
} from './logLinearWeights.ts';
import type { MemberTable } from './memberTable.ts';
import { type Selection, type SelectionOptions, selectMembers } from './selection.ts';
import { atTemperature, fitTemperature, type Temperature } from './temperature.ts';

export interface WeightRule<Fit> {
  readonly fit: (table: MemberTable) => Fit;
  /** Fuses members [rows][labelCount] by what was fitted. */
  readonly pool: (
    fit: Fit,
    members: readonly Float64Array[],
    labelCount: number,
    out: Distribution,
  ) => void;
}

export function linearRule(options: LinearWeightsOptions = {}): WeightRule<LinearWeights> {
  return {
    fit: (table) => fitLinearWeights(table, options),
    pool: ({ weights }, members, _, out) => linearPool(members, weights, out),
  };
}

export function selectionRule(options: SelectionOptions = {}): WeightRule<Selection> {
  return {
    fit: (table) => selectMembers(table, options),
    pool: ({ weights }, members, _, out) => linearPool(members, weights, out),
  };
}

/** @param options of the fit; `plausibility` of the pool where free weights can be negative */
export function logLinearRule(
  options: LogLinearWeightsOptions & { readonly plausibility?: number } = {},
): WeightRule<LogLinearWeights> {
  const { plausibility, ...fitOptions } = options;
  const { floor = DEFAULT_FLOOR } = fitOptions;
  const poolOptions = plausibility === undefined ? { floor } : { floor, plausibility };
  return {
    fit: (table) => fitLogLinearWeights(table, fitOptions),
    pool: ({ weights }, members, size, out) => {
      // No member at all is worth listening to: nothing but the uniform distribution is left.
      if (weights.every((weight) => weight === 0)) out.fill(-Math.log(size));
      else logLinearPool(members, weights, size, out, poolOptions);
    },
  };
}

export interface TemperedFit<Fit> {
  readonly temperatures: readonly Temperature[];
  readonly fit: Fit;
}

/** Each member gets its temperature first, and the rule fits members at theirs. */
export function temperedRule<Fit>(
  rule: WeightRule<Fit>,
  { floor = DEFAULT_FLOOR }: { readonly floor?: number } = {},
): WeightRule<TemperedFit<Fit>> {
  const tempered = (
    members: readonly Float64Array[],
    labelCount: number,
    temperatures: readonly Temperature[],
  ) =>
    members.map((member, i) => {
      // At 0 everything would be certain; a member that is always right is left as it is.
      const temperature = temperatures[i]!.temperature || 1;
      return atTemperature(member, labelCount, temperature, { floor });
    });
  return {
    fit(table) {
      const temperatures = table.members.map((_, i) => fitTemperature(table, i, { floor }));
      const members = tempered(table.members, table.labelCount, temperatures);
      return { temperatures, fit: rule.fit({ ...table, members }) };
    },
    pool({ temperatures, fit }, members, size, out) {
      rule.pool(fit, tempered(members, size, temperatures), size, out);
    },
  };
}
