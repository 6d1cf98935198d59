/** The tables of docs/ensembles.md and docs/panels.md are those of the code. */

import { describe, expect, it } from 'vitest';
import type { EnsembleKind, Task } from '../src/ensemble/kind/kind.ts';
import { ENSEMBLE_KINDS } from '../src/ensemble/kind/registry.ts';
import { PANEL_KEYS, PANEL_MODES } from '../src/ensemble/panel/settings.ts';
import { fusionJsonSchema } from '../src/ensemble/recipe/jsonSchema.ts';
import { COMMON_KEYS, fitSchema, memberSchema } from '../src/ensemble/recipe/schema.ts';
import { section, tableRows } from './documents.ts';

const PAGE = 'docs/ensembles.md';

/** Rows below a heading whose first cell is code, by what that is. */
function toldIn(page: string, title: string): Map<string, string[]> {
  const rows = tableRows(section(page, title)).map(([first = '', ...cells]) => {
    return [/^`([^`]+)`$/.exec(first)?.[1], cells] as const;
  });
  return new Map(rows.flatMap(([key, cells]) => (key === undefined ? [] : [[key, cells]])));
}

const WORDS: Readonly<Record<Task, string>> = {
  'text-classification': 'classification',
  translation: 'translation',
  'text-generation': 'generation',
};

describe('kinds of ensembles', () => {
  const told = toldIn(PAGE, 'Kinds');

  it('are told, all of them, in order', () => {
    expect([...told.keys()]).toEqual(ENSEMBLE_KINDS.map(({ name }) => name));
  });

  it.each(ENSEMBLE_KINDS.map((kind) => [kind.name, kind] as const))(
    '%s is told to be for its tasks',
    (name, { tasks }) => {
      const words = tasks.map((task) => WORDS[task]).sort();
      const all = Object.values(WORDS).sort();
      const found = told.get(name)?.[1] ?? '';
      expect(found === 'all' ? all : found.split(', ').sort()).toEqual(words);
    },
  );
});

const namesOf = (kinds: readonly EnsembleKind[]) => kinds.map(({ name }) => name).sort();

/** The kinds that are named in the sentence that goes on with `verb`. */
function kindsBefore(title: string, verb: string): string[] {
  const sentence =
    section(PAGE, title)
      .match(/[^.|]+/g)
      ?.find((each) => each.includes(verb)) ?? '';
  const subjects = sentence.slice(0, sentence.indexOf(verb));
  return [...subjects.matchAll(/`([a-z_]+)`/g)].map((match) => match[1] ?? '').sort();
}

describe('what kinds can do', () => {
  it('names those whose weights can be fitted', () => {
    const fitted = ENSEMBLE_KINDS.filter(({ fit }) => fit !== undefined);
    expect(kindsBefore('Weights', 'have weights to fit')).toEqual(namesOf(fitted));
  });

  it('names those that need all members', () => {
    const needing = ENSEMBLE_KINDS.filter(({ needsAll }) => needsAll);
    const told = kindsBefore('When a member fails', 'can do without no member');
    expect(told).toEqual(namesOf(needing));
  });
});

describe('keys of fusion recipes', () => {
  it.each([
    ['Members', Object.keys(memberSchema.shape)],
    ['Keys of all kinds', COMMON_KEYS],
    ['Weights', Object.keys(fitSchema.shape)],
  ])('%s', (title, keys) => {
    expect([...toldIn(PAGE, title).keys()].sort()).toEqual([...keys].sort());
  });

  const own = toldIn(PAGE, 'Keys of one kind');

  it.each(ENSEMBLE_KINDS.map((kind) => [kind.name, kind] as const))('%s', (name, { settings }) => {
    const keys = Object.keys(settings.shape).filter(
      (key) => name !== 'panel' || !(key in PANEL_KEYS),
    );
    const told = [...own].filter(([, [of = '']]) => of.split(', ').includes(name));
    expect(told.map(([key]) => key).sort()).toEqual(keys.sort());
  });

  it('the keys below them too', () => {
    const nested = nestedKeys();
    expect(nested.length).toBeGreaterThan(15);
    const untold = nested.filter(([key, below]) => !own.get(key)?.[1]?.includes(`\`${below}\``));
    expect(untold).toEqual([]);
  });
});

type Node = { readonly properties?: Readonly<Record<string, Node>> };

/** `[candidates, best]` and so on, of the kinds' own keys but for a panel's. */
function nestedKeys(): (readonly [string, string])[] {
  const { anyOf } = fusionJsonSchema() as { readonly anyOf: readonly Node[] };
  const known = [...COMMON_KEYS, ...Object.keys(PANEL_KEYS)];
  return anyOf.flatMap(({ properties = {} }) =>
    Object.entries(properties)
      .filter(([key]) => !known.includes(key))
      .flatMap(([key, node]) =>
        Object.keys(node.properties ?? {}).map((below) => [key, below] as const),
      ),
  );
}

describe('panels', () => {
  it('modes', () => {
    expect([...toldIn('docs/panels.md', 'Modes').keys()]).toEqual([...PANEL_MODES]);
  });

  it('settings', () => {
    const told = [...toldIn('docs/panels.md', 'Settings').keys()];
    expect(told.sort()).toEqual(Object.keys(PANEL_KEYS).sort());
  });
});
