/**
 * The value that a parameter takes for one tensor: precedence, filters, gradients.
 *
 * The caller lists the levels (slice source, slice, module, global) and says where the tensor lies
 * in its slice; what a missing parameter means is the method's business.
 */

import { FusionError } from '../../errors.ts';
import { parseFilter, type TensorNameMatcher } from './filter.ts';
import type {
  ConditionalValue,
  ParameterScalar,
  ParameterSet,
  ParameterSetting,
  ParameterValue,
} from './recipe.ts';

export interface TensorPosition {
  readonly tensorName: string;
  /** 0 for the first layer of the slice, 1 for the last, 0 for a tensor outside the layers. */
  readonly t: number;
}

export interface ResolvedParameter {
  readonly value: ParameterScalar;
  readonly source: 'scalar' | 'gradient';
  /** Index into the levels. */
  readonly level: number;
  /** The filter that chose the value, when one did. */
  readonly filter?: string;
}

/** `levels` come in order of precedence; a filter list without a match falls through to the next. */
export function resolveParameter(
  name: string,
  levels: readonly ParameterSet[],
  at: TensorPosition,
): ResolvedParameter | undefined {
  for (const [level, parameters] of levels.entries()) {
    const setting = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    const chosen = setting === undefined ? undefined : choose(setting, at.tensorName);
    if (chosen) return { ...evaluate(chosen.value, at.t), level, ...filterOf(chosen) };
  }
  return undefined;
}

function filterOf(chosen: ConditionalValue): { filter?: string } {
  return chosen.filter === undefined ? {} : { filter: chosen.filter };
}

function choose(setting: ParameterSetting, tensorName: string): ConditionalValue | undefined {
  if (!isConditional(setting)) return { value: setting };
  return setting.find((condition) => matcherOf(condition)(tensorName));
}

function isConditional(setting: ParameterSetting): setting is readonly ConditionalValue[] {
  return Array.isArray(setting) && typeof setting[0] === 'object';
}

/** A function of its immutable key, so sharing it is not seen; a plan asks for every tensor. */
const matchers = new WeakMap<ConditionalValue, TensorNameMatcher>();

function matcherOf(condition: ConditionalValue): TensorNameMatcher {
  if (condition.filter === undefined) return () => true;
  const known = matchers.get(condition);
  if (known) return known;
  const matcher = parseFilter(condition.filter);
  matchers.set(condition, matcher);
  return matcher;
}

function evaluate(value: ParameterValue, t: number): Pick<ResolvedParameter, 'value' | 'source'> {
  if (typeof value !== 'object') return { value, source: 'scalar' };
  return { value: interpolate(value, t), source: 'gradient' };
}

/** Linear between evenly spaced anchors. */
export function interpolate(anchors: readonly number[], t: number): number {
  const last = anchors.length - 1;
  if (!(t >= 0 && t <= 1) || last < 0) {
    throw new FusionError('internal', `gradient of ${anchors.length} anchors at t = ${t}`);
  }
  const scaled = t * last;
  const index = Math.floor(scaled);
  const fraction = scaled - index;
  const from = anchors[index] ?? Number.NaN;
  // Exact at an anchor, and no read past the last one at t = 1.
  if (fraction === 0) return from;
  return from * (1 - fraction) + (anchors[index + 1] ?? Number.NaN) * fraction;
}
