import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FusionError } from '../../src/errors.ts';
import { parseRecipes } from '../../src/merge/recipe/parseRecipes.ts';
import { parseLocatedDocuments } from '../../src/recipe/document.ts';
import { readGoldenRecipes } from '../merge/recipe/golden.ts';

function messageOf(text: string): string {
  try {
    parseRecipes(text, 'r.yml');
  } catch (error) {
    if (error instanceof FusionError && error.code === 'bad_input') return error.message;
    throw error;
  }
  return 'no error';
}

describe('parseLocatedDocuments', () => {
  it('keeps the line of every value', () => {
    const text = '# one\na:\n  - x\n  - b: 1\n    c: &k {d: 2}\ne: *k\nf:\n  <<: *k\n';
    const [document] = parseLocatedDocuments(text, 'r.yml');
    expect(document?.value).toEqual({
      a: ['x', { b: 1, c: { d: 2 } }],
      e: { d: 2 },
      f: { d: 2 },
    });
    const lineOf = (...path: PropertyKey[]) => document?.lineOf(path);
    expect(lineOf()).toBe(2);
    expect(lineOf('a')).toBe(2);
    expect(lineOf('a', 0)).toBe(3);
    expect(lineOf('a', 1, 'c')).toBe(5);
    expect(lineOf('a', 1, 'missing', 'deeper')).toBe(4);
    expect(lineOf('e')).toBe(6);
    expect(lineOf('e', 'd')).toBe(5);
    expect(lineOf('f', 'd')).toBe(5);
  });

  it('reads types by YAML 1.2, whatever a directive says', () => {
    const text = '%YAML 1.1\n---\n[yes, 010, 1e-5, 2001-01-01, .5, ~, "1", 0x10]';
    expect(parseLocatedDocuments(text, 'r.yml')[0]?.value).toEqual([
      'yes',
      10,
      1e-5,
      '2001-01-01',
      0.5,
      null,
      '1',
      16,
    ]);
  });

  it('takes the value that an anchor had when the alias was met', () => {
    const text = 'a: &x 1\nb: *x\nc: &x 2\nd: *x\n';
    expect(parseLocatedDocuments(text, 'r.yml')[0]?.value).toEqual({ a: 1, b: 1, c: 2, d: 2 });
  });
});

describe('hostile text', () => {
  const laughs = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    .concat(
      Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(10)}]`),
    )
    .join('\n');
  const mergedLaughs = ['a0: &a0 {k: 1}']
    .concat(
      Array.from({ length: 20 }, (_, i) => `a${i + 1}: &a${i + 1} {<<: [${`*a${i}, `.repeat(9)}]}`),
    )
    .join('\n');

  const deep = [
    '[',
    '{',
    '{a: ',
    '[{',
    '- ',
    '? ',
    '- ? ',
    ': ',
    '&a ',
    '!a ',
    '!<a> &b ',
    '? [',
    '- {a: ',
  ].map((piece) => piece.repeat(100_000).slice(0, 250_000));

  it.each<readonly [string, string, string | RegExp]>([
    ['aliases that multiply', laughs, /^r\.yml:\d+: more than 100000 values, aliases expanded$/],
    ['merges that multiply', mergedLaughs, /^r\.yml:\d+: more than 100000 values/],
    ['an alias to itself', 'a: &a [*a]', 'r.yml:1: nested deeper than 32 levels'],
    ['depth', `a: ${'['.repeat(40)}${']'.repeat(40)}`, 'r.yml:1: nested deeper than 32 levels'],
    ...deep.map(
      (text) => [`depth: ${text.slice(0, 9)}`, text, /^r\.yml:\d+: nested too deeply$/] as const,
    ),
    [
      'a long text',
      ' '.repeat(2 ** 18 + 1),
      'r.yml: 262145 characters, a recipe has at most 262144',
    ],
    [
      'many stray brackets',
      '}\n'.repeat(100_000),
      /^r\.yml:1: not valid YAML: Unexpected flow-map-end/,
    ],
    ['many documents', '---\na\n'.repeat(101), 'r.yml: 101 documents, at most 100 are allowed'],
    [
      'many keys',
      Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n'),
      /unknown key "k0"/,
    ],
    ['a long key', `${'k'.repeat(1000)}: 1`, /^r\.yml:1: unknown key "k{80}…"; known keys: name, /],
    [
      'a long list of wrong values',
      `merge_method: a\nmodels:\n- model: a\n  parameters:\n    t: [${'x, '.repeat(50_000)}]`,
      /expected a number/,
    ],
    ['a key with control characters', '"\\u001b[2J": 1', /unknown key "\\u001b\[2J"/],
  ])('%s', (_, text, message) => {
    const actual = messageOf(text);
    if (typeof message === 'string') expect(actual).toBe(message);
    else expect(actual).toMatch(message);
  });

  const words = [
    'merge_method',
    'models',
    'model',
    'slices',
    'sources',
    'parameters',
    'weight',
    'filter',
    'value',
    'layer_range',
    'tokenizer',
    'tokens',
    'name',
    'modules',
    ': ',
    ':\n',
    '\n',
    '\n  ',
    '\n- ',
    '\n  - ',
    '[',
    ']',
    '{',
    '}',
    ', ',
    '&a ',
    '*a',
    '<<: ',
    '!!str ',
    '!x ',
    '---\n',
    '...\n',
    '|\n',
    '>',
    '"',
    "'",
    '%YAML 1.1\n',
    '0',
    '1.5',
    '-',
    '~',
    'true',
    '? ',
    '#',
    '\t',
    '\u0000',
    '/(/',
    '*',
    'linear',
  ];
  const soup = fc
    .array(
      fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...words) }, fc.string({ maxLength: 5 })),
    )
    .map((parts) => parts.join(''));

  it('of random pieces of recipes is refused or read, and never anything else', () => {
    fc.assert(
      fc.property(soup, (text) => void messageOf(text)),
      { numRuns: 2000 },
    );
  });

  it('made from real recipes by random edits is refused or read', () => {
    const texts = readGoldenRecipes().map(({ text }) => text);
    const edit = fc.record({ text: fc.constantFrom(...texts), at: fc.nat(), cut: fc.nat(8), soup });
    fc.assert(
      fc.property(edit, ({ text, at, cut, soup: insert }) => {
        const start = at % text.length;
        messageOf(text.slice(0, start) + insert.slice(0, 12) + text.slice(start + cut));
      }),
      { numRuns: 1500 },
    );
  });
});
