/**
 * Running models as one running model (model-level fusion):  y = sum_i w_i y_i  and everything else
 * that several outputs can become. Members are handed in; none is opened here.
 */

import { badInput } from '../errors.ts';
import type { LanguageModel } from '../model/languageModel.ts';
import type { Explain } from './explanation.ts';
import { type EnsembleKind, TASKS, type Task } from './kind/kind.ts';
import { kindNamed } from './kind/registry.ts';
import type { FailurePolicy, Member } from './member.ts';

export interface EnsembleModel extends LanguageModel {
  readonly task: Task;
  readonly members: readonly Member[];
  readonly explain?: Explain;
}

export interface EnsembleOptions {
  readonly name: string;
  readonly kind: EnsembleKind;
  readonly task?: Task | undefined;
  /** The kind's own, as a recipe spells them. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly onFailure?: FailurePolicy;
}

/** The ensemble owns its members: closing it closes them. */
export function createEnsemble(
  members: readonly Member[],
  { name, kind, task: asked, settings = {}, onFailure = 'error' }: EnsembleOptions,
): EnsembleModel {
  if (members.length === 0) throw badInput(`${name}: an ensemble needs a member`);
  const task = asked ?? taskOf(name, members, kind);
  if (!kind.tasks.includes(task)) {
    throw badInput(`${name}: ${kind.name} is for ${kind.tasks.join(' and ')}, not for ${task}`);
  }
  const tempered = members.find(({ temperature }) => temperature !== 1);
  if (tempered && !kind.usesTemperatures) {
    throw badInput(
      `${name}: member ${tempered.name} has a temperature, which ${kind.name} has no use for`,
    );
  }
  if (kind.needsAll && onFailure !== 'error') {
    throw badInput(`${name}: ${kind.name} needs every member, so on_failure can only be error`);
  }
  return {
    name,
    task,
    members,
    ...kind.create(members, settings, { name, task, onFailure }),
    async close() {
      const closed = await Promise.allSettled(members.map(({ model }) => model.close()));
      const failed = closed.find((each) => each.status === 'rejected');
      if (failed) throw failed.reason;
    },
  };
}

/**
 * What all members can do, of what the kind is for. Whoever gives a writer a prompt with labels wants
 * it to classify.
 */
function taskOf(
  name: string,
  members: readonly Member[],
  { tasks, name: kindName }: EnsembleKind,
): Task {
  const possible = TASKS.filter(
    (task) => tasks.includes(task) && members.every(({ model }) => suits(model, task)),
  );
  if (possible.length === 1 || possible[0] === 'text-classification') return possible[0]!;
  if (possible.length > 1) {
    throw badInput(`${name}: say by "task:" whether it is for ${possible.join(' or for ')}`);
  }
  throw badInput(`${name}: its members have no task in common that ${kindName} is for`);
}

function suits({ classify, next, respond, write }: LanguageModel, task: Task): boolean {
  if (task === 'text-classification') return classify !== undefined;
  if (next === undefined) return respond !== undefined || write !== undefined;
  return (next.kind === 'causal') === (task === 'text-generation');
}

/** An ensemble as a program says it: a recipe, with opened models in place of names. */
export interface EnsembleDefinition {
  /** The kind, such as `linear`. */
  readonly ensemble: string;
  readonly task?: Task;
  readonly members: readonly (Partial<Member> & { readonly model: LanguageModel })[];
  readonly on_failure?: FailurePolicy;
  /** The kind's own keys, as in a recipe. */
  readonly [setting: string]: unknown;
}

export function ensemble(definition: EnsembleDefinition): EnsembleModel {
  const { ensemble: kindName, task, members, on_failure: onFailure, ...settings } = definition;
  const kind = kindNamed(kindName);
  const parsed = kind.settings.safeParse(settings);
  if (!parsed.success) throw badInput(`ensemble ${kindName}: ${parsed.error.issues[0]?.message}`);
  return createEnsemble(
    members.map(({ model, name = model.name, weight = 1, temperature = 1 }) => {
      return { model, name, weight, temperature };
    }),
    { name: kindName, kind, task, settings, ...(onFailure === undefined ? {} : { onFailure }) },
  );
}
