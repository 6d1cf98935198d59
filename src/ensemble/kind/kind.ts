/**
 * A kind of ensemble: what a recipe may say of it, and the model that it makes of members. Adding one
 * is a file in this folder and a line in registry.ts.
 */

import type * as z from 'zod';
import type { LanguageModel } from '../../model/languageModel.ts';
import { closedObject } from '../../recipe/closedObject.ts';
import type { TextMetric } from '../../task/metrics/metric.ts';
import type { Explain } from '../explanation.ts';
import type { FeatureFitOptions, FeatureReport, ReferencedItem } from '../fit/fitFeatures.ts';
import type { FailurePolicy, Member } from '../member.ts';

export const TASKS = ['text-classification', 'translation', 'text-generation'] as const;
export type Task = (typeof TASKS)[number];

/** What every ensemble is told, of whatever kind. */
export interface EnsembleContext {
  /** As the user named the recipe, for messages. */
  readonly name: string;
  readonly task: Task;
  readonly onFailure: FailurePolicy;
}

/** What an ensemble can do; its name and closing come from whoever opened the members. */
export type Capabilities = Omit<Partial<LanguageModel>, 'name' | 'close'> & {
  readonly explain?: Explain;
};

/** How weights of a kind are fitted to data. */
export interface WeightFit {
  readonly pool: 'linear' | 'log_linear';
  /** Of whole texts rather than of tokens, as a mixture of texts weighs them. */
  readonly perText?: boolean;
  /** Members as the fit asks them, where they are not asked as they are. */
  readonly asFitted?: (members: readonly Member[]) => readonly Member[];
}

/** Fits the weights of features by which whole outputs are ranked. */
export type FitFeatures = (
  members: readonly Member[],
  items: readonly ReferencedItem[],
  settings: Readonly<Record<string, unknown>>,
  metric: TextMetric,
  options: FeatureFitOptions,
) => Promise<FeatureReport>;

export type FitOf = (settings: Readonly<Record<string, unknown>>) => WeightFit;

export interface EnsembleKind {
  readonly name: string;
  /** One sentence, for the JSON Schema. */
  readonly summary: string;
  readonly tasks: readonly Task[];
  /** Whether it can do without no member, so that a failing one is always an error. */
  readonly needsAll: boolean;
  /** Whether members' distributions are fused, so that their temperatures mean something. */
  readonly usesTemperatures: boolean;
  /** Absent where there are no weights to fit. */
  readonly fit: FitOf | undefined;
  readonly fitFeatures: FitFeatures | undefined;
  /** The mapping of its own keys, all of them optional. */
  readonly settings: z.ZodObject;
  /** @param settings as parsed by the mapping */
  readonly create: (
    members: readonly Member[],
    settings: Readonly<Record<string, unknown>>,
    context: EnsembleContext,
  ) => Capabilities;
}

interface KindDefinition<Shape extends z.ZodRawShape>
  extends Omit<
    EnsembleKind,
    'settings' | 'create' | 'fit' | 'fitFeatures' | 'needsAll' | 'usesTemperatures'
  > {
  readonly needsAll?: boolean;
  readonly usesTemperatures?: boolean;
  readonly fit?: FitOf;
  readonly fitFeatures?: FitFeatures;
  readonly keys: Shape;
  readonly create: (
    members: readonly Member[],
    settings: z.output<z.ZodObject<Shape>>,
    context: EnsembleContext,
  ) => Capabilities;
}

export function defineKind<const Shape extends z.ZodRawShape>({
  keys,
  create,
  fit,
  fitFeatures,
  needsAll = false,
  usesTemperatures = false,
  ...rest
}: KindDefinition<Shape>): EnsembleKind {
  const settings = closedObject(keys);
  return {
    ...rest,
    fit,
    fitFeatures,
    needsAll,
    usesTemperatures,
    settings,
    create: (members, given, context) =>
      create(members, settings.parse(given) as z.output<z.ZodObject<Shape>>, context),
  };
}
