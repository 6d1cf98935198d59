/**
 * The order of a file's recipes: one that another uses as a model comes before it.
 *
 * Only references that could mean a recipe are looked at; the rest are folders or Hub names.
 */

import { badInput, type FusionError } from '../../errors.ts';
import { nearestWord, quoted } from '../../recipe/spelling.ts';
import type { Recipe } from './recipe.ts';

export interface Stage {
  readonly recipe: Recipe;
  /** For messages: the file and line of the recipe. */
  readonly place: string;
  /** The models that the recipe names, and where. */
  readonly references: readonly ModelReference[];
}

export interface ModelReference {
  readonly model: string;
  readonly place: string;
}

export interface StageOrder {
  readonly recipes: readonly Recipe[];
  readonly warnings: readonly string[];
}

/** Topological; among recipes that are ready, as written; the final one last. */
export function orderStages(stages: readonly Stage[]): StageOrder {
  if (stages.length < 2) return { recipes: stages.map((stage) => stage.recipe), warnings: [] };
  const byName = indexByName(stages);
  const needs = new Map(stages.map((stage) => [stage, neededStages(stage, byName)]));
  const used = new Set([...needs.values()].flat());
  const final = finalStage(stages, used);
  const unused = stages.filter((stage) => stage !== final && !used.has(stage));
  const rest = stages.filter((stage) => stage !== final);
  return {
    recipes: sorted([...rest, final], needs).map((stage) => stage.recipe),
    warnings: unused.map((stage) => `${stage.place}: no other recipe uses ${nameOf(stage)}`),
  };
}

function indexByName(stages: readonly Stage[]): Map<string, Stage> {
  const byName = new Map<string, Stage>();
  for (const stage of stages) {
    const { name } = stage.recipe;
    if (name === undefined) continue;
    const other = byName.get(name);
    if (other) {
      throw badInput(`${stage.place}: the name ${quoted(name)} is also used at ${other.place}`);
    }
    byName.set(name, stage);
  }
  return byName;
}

/** Stricter than for keys: a folder with a similar name is not unlikely. */
const NAME_SHARE = 0.2;

function neededStages(stage: Stage, byName: ReadonlyMap<string, Stage>): Stage[] {
  const names = [...byName.keys()];
  return stage.references.flatMap(({ model, place }) => {
    const name = /^[^@+]*/.exec(model)?.[0] ?? model;
    const needed = byName.get(name);
    if (needed) return [needed];
    // A path with a separator is a path; a bare word close to a name is more likely a mistyped one.
    const nearest = name.includes('/') ? undefined : nearestWord(name, names, NAME_SHARE);
    if (nearest === undefined) return [];
    throw badInput(
      `${place}: ${quoted(name)} is not the name of a recipe in this file; did you mean ${quoted(nearest)}? (for a folder, write ${quoted(`./${name}`)})`,
    );
  });
}

/** The recipe without a name, which nothing can use; else the only one that nothing uses. */
function finalStage(stages: readonly Stage[], used: ReadonlySet<Stage>): Stage {
  const unnamed = stages.filter((stage) => stage.recipe.name === undefined);
  const ends = unnamed.length > 0 ? unnamed : stages.filter((stage) => !used.has(stage));
  const [final, other] = ends;
  if (!final) throw cycleError(stages);
  if (!other) return final;
  if (unnamed.length > 0) {
    throw badInput(
      `${other.place}: a second recipe without a name; the first is at ${final.place}`,
    );
  }
  throw badInput(
    `${other.place}: no other recipe uses ${nameOf(final)} or ${nameOf(other)}, so either could be the final one; leave out the name of that one`,
  );
}

function sorted(stages: readonly Stage[], needs: ReadonlyMap<Stage, readonly Stage[]>): Stage[] {
  const done = new Set<Stage>();
  while (done.size < stages.length) {
    const ready = stages.find(
      (stage) => !done.has(stage) && (needs.get(stage) ?? []).every((other) => done.has(other)),
    );
    if (!ready) throw cycleError(stages.filter((stage) => !done.has(stage)));
    done.add(ready);
  }
  return [...done];
}

function cycleError(stages: readonly Stage[]): FusionError {
  const named = stages.filter((stage) => stage.recipe.name !== undefined);
  const place = named[0]?.place ?? '';
  return badInput(
    `${place}: the recipes ${named.map(nameOf).join(', ')} use each other in a circle`,
  );
}

function nameOf(stage: Stage): string {
  return quoted(stage.recipe.name ?? '');
}
