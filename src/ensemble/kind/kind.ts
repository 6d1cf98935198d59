/**
 * A kind of ensemble: what a recipe may say of it, and the model that it makes of members. Adding one
 * is a file in this folder and a line in registry.ts.
 */

import type * as z from 'zod';
import type { LanguageModel } from '../../model/languageModel.ts';
import { closedObject } from '../../recipe/closedObject.ts';
import type { Explain } from '../explanation.ts';
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

/** Weights that data decides, by minimising a loss; or a ranking's weights, by a metric. */
export type Fit = 'weights' | 'features';

export interface EnsembleKind {
  readonly name: string;
  /** One sentence, for the JSON Schema. */
  readonly summary: string;
  readonly tasks: readonly Task[];
  readonly fit: Fit | undefined;
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
  extends Omit<EnsembleKind, 'settings' | 'create' | 'fit'> {
  readonly fit?: Fit;
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
  ...rest
}: KindDefinition<Shape>): EnsembleKind {
  const settings = closedObject(keys);
  return {
    ...rest,
    fit,
    settings,
    create: (members, given, context) =>
      create(members, settings.parse(given) as z.output<z.ZodObject<Shape>>, context),
  };
}
