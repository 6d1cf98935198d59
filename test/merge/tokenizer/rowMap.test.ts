import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TokenizerModel } from '../../../src/merge/tokenizer/outputVocabulary.ts';
import { planTokenizer } from '../../../src/merge/tokenizer/planTokenizer.ts';
import {
  isIdentityMap,
  MEAN_ROW,
  type RowMap,
  type RowPlace,
  ZERO_ROW,
} from '../../../src/merge/tokenizer/rowMap.ts';
import type { TokenSetting } from '../../../src/merge/tokenizer/setting.ts';
import { listed, settingOf } from './fixtures.ts';

function placesAt(map: RowMap, r: number): readonly RowPlace[] {
  const model = map.model[r]!;
  if (model === ZERO_ROW) return [];
  return model === MEAN_ROW ? map.means[map.row[r]!]! : [{ model, row: map.row[r]! }];
}

function rowsOf(
  token: string,
  tokens: Record<string, TokenSetting>,
  models: readonly TokenizerModel[],
  base: number | 'none' = 0,
  source = 'union',
) {
  const plan = planTokenizer({
    setting: settingOf({ source, tokens }),
    base: base === 'none' ? undefined : base,
    models,
  });
  return plan.rowMaps.map((map) => placesAt(map, plan.output.tokens.get(token)!));
}

const MODELS = [
  listed('base', ['a', 'b', 'c']),
  listed('one', ['b', 'a', 'new']),
  listed('two', ['c', 'new', 'a', 'special']),
];

describe('rows', () => {
  it("keep a model's own, else the base's, else the mean of those that have the token", () => {
    expect(rowsOf('b', {}, MODELS)).toEqual([
      [{ model: 0, row: 1 }],
      [{ model: 1, row: 0 }],
      [{ model: 0, row: 1 }],
    ]);
    const mean = [
      { model: 1, row: 2 },
      { model: 2, row: 1 },
    ];
    expect(rowsOf('new', {}, MODELS)).toEqual([mean, [mean[0]], [mean[1]]]);
    expect(rowsOf('special', {}, MODELS)).toEqual(Array(3).fill([{ model: 2, row: 3 }]));
  });

  it('without a base model take the mean', () => {
    const mean = [
      { model: 0, row: 1 },
      { model: 1, row: 0 },
    ];
    expect(rowsOf('b', {}, MODELS, 'none')[2]).toEqual(mean);
  });

  it('of a set token: a model, for those that lack it', () => {
    const source = { kind: 'model', model: 'two' } as const;
    expect(rowsOf('new', { new: { source, force: false } }, MODELS)).toEqual([
      [{ model: 2, row: 1 }],
      [{ model: 1, row: 2 }],
      [{ model: 2, row: 1 }],
    ]);
  });

  it('of a set token: forced on all', () => {
    const source = { kind: 'model', model: 'one' } as const;
    expect(rowsOf('a', { a: { source, force: true } }, MODELS)).toEqual(
      Array(3).fill([{ model: 1, row: 1 }]),
    );
    expect(rowsOf('a', { a: { force: true } }, MODELS)).toEqual(
      Array(3).fill([{ model: 0, row: 0 }]),
    );
  });

  it('of a set token: zero', () => {
    const zero = { source: { kind: 'zero' } } as const;
    expect(rowsOf('special', { special: { ...zero, force: false } }, MODELS)).toEqual([
      [],
      [],
      [{ model: 2, row: 3 }],
    ]);
    expect(rowsOf('a', { a: { ...zero, force: true } }, MODELS)).toEqual([[], [], []]);
  });

  it('of a set token: the row of another token, by name or id', () => {
    for (const by of [{ token: 'special' }, { tokenId: 3 }]) {
      const source = { kind: 'model_token', model: 'two', ...by } as const;
      expect(rowsOf('renamed', { renamed: { source, force: true } }, MODELS, 0, 'base')).toEqual(
        Array(3).fill([{ model: 2, row: 3 }]),
      );
    }
  });

  it('of a token that a recipe adds to source base', () => {
    expect(rowsOf('new', { new: { force: false } }, MODELS, 0, 'base')[0]).toHaveLength(2);
  });

  it('of a model that only lends: not in unions and means, but where no other has the token', () => {
    const lender = { ...listed('lender', ['new', 'rare']), merged: false };
    const models = [...MODELS, lender];
    expect(rowsOf('new', {}, models)[0]).toHaveLength(2);
    expect(rowsOf('rare', { rare: { force: false } }, models)[0]).toEqual([{ model: 3, row: 1 }]);
    const plan = planTokenizer({ setting: settingOf({}), base: 0, models });
    expect(plan.output.tokens.has('rare')).toBe(false);
  });

  it.each([
    [
      { new: { source: { kind: 'model', model: 'three' }, force: false } },
      '"three" is not a model of this merge; known: base, one, two',
    ],
    [
      { new: { source: { kind: 'model', model: 'base' }, force: false } },
      'model "base" has no token "new"',
    ],
    [{ x: { force: false } }, 'tokenizer token "x": no model has it and no source is given'],
    [
      { x: { source: { kind: 'model_token', model: 'one', tokenId: 3 }, force: true } },
      'row 3 of model "one" is asked for, but its embedding has 3 rows',
    ],
    [
      { x: { source: { kind: 'model_token', model: 'one' }, force: true } },
      'either token or token_id',
    ],
  ] as [Record<string, TokenSetting>, string][])('refuse %j', (tokens, message) => {
    expect(() =>
      planTokenizer({ setting: settingOf({ tokens }), base: 0, models: MODELS }),
    ).toThrow(message);
  });

  it('refuse an unknown source and a bad multiple', () => {
    const plan = (setting: object) => () =>
      planTokenizer({ setting: settingOf(setting), base: 0, models: MODELS });
    expect(plan({ source: 'nobody' })).toThrow('tokenizer source: "nobody" is not a model');
    expect(plan({ padToMultipleOf: 0 })).toThrow('pad_to_multiple_of: 0 is not a positive integer');
  });
});

describe('padded vocabularies', () => {
  it('rows that fill up to a multiple are zero', () => {
    const plan = planTokenizer({
      setting: settingOf({ padToMultipleOf: 8 }),
      base: 0,
      models: MODELS,
    });
    expect([plan.rowCount, plan.vocabularySize]).toEqual([8, 5]);
    for (const map of plan.rowMaps) {
      expect(map.model.length).toBe(8);
      expect([...map.model.slice(5)]).toEqual([ZERO_ROW, ZERO_ROW, ZERO_ROW]);
    }
    expect(plan.notes.at(-1)).toBe('padding: rows 5 to 7 of the output, zero');
  });

  it("the source's rows without a token are kept, by id; another's are dropped and named", () => {
    const models = [
      listed('base', ['a', 'b'], 4),
      listed('one', ['a', 'b', 'c'], 8),
      listed('two', ['b', 'a'], 4),
    ];
    const plan = planTokenizer({ setting: settingOf({}), base: 0, models });
    expect(plan.output.byId).toEqual(['a', 'b', 'c']);
    expect(plan.rowCount).toBe(4);
    expect(plan.rowMaps.map((map) => placesAt(map, 3))).toEqual([
      [{ model: 0, row: 3 }],
      [{ model: 1, row: 3 }],
      [{ model: 2, row: 3 }],
    ]);
    expect(plan.notes).toContain('one: no token for rows 4 to 7 of its embedding: dropped');
    expect(plan.notes).toContain('base: no token for row 2 of its embedding: dropped');
  });

  it('equal padded vocabularies change nothing', () => {
    const models = [listed('base', ['a', 'b'], 4), listed('one', ['a', 'b'], 4)];
    const plan = planTokenizer({ setting: settingOf({}), base: 0, models });
    expect(plan.notes).toEqual([]);
    plan.rowMaps.forEach((map, m) => {
      expect(isIdentityMap(map, m, 4)).toBe(true);
      expect(isIdentityMap(map, m, 5)).toBe(false);
    });
  });

  it('a token without a row counts as missing, and is zero if nobody has one', () => {
    const models = [listed('base', ['a', 'b', 'pad', 'x'], 2), listed('one', ['a', 'x'])];
    const plan = planTokenizer({ setting: settingOf({ source: 'base' }), base: 0, models });
    expect(plan.rowMaps.map((map) => placesAt(map, 2))).toEqual([[], []]);
    expect(plan.rowMaps.map((map) => placesAt(map, 3))).toEqual(
      Array(2).fill([{ model: 1, row: 1 }]),
    );
    expect(plan.notes).toEqual([
      'base: its vocabulary has 4 ids but its embedding 2 rows; 2 tokens (from "pad") count as missing in it',
      'no model has a row for row 2 of the output: zero',
    ]);
  });
});

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', '__proto__', 'constructor', ' ', '1', '0'];
const randomModel = fc.record({
  tokens: fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 }),
  padding: fc.integer({ min: -2, max: 3 }),
});

describe('random vocabularies', () => {
  it('agree with a naive reference, and ids are a bijection', () => {
    fc.assert(
      fc.property(
        fc.array(randomModel, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('union', 'base', 'm0'),
        fc.option(fc.nat(3), { nil: undefined }),
        fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
        (drawn, source, wanted, multiple) => {
          const models = drawn.map(({ tokens, padding }, m) =>
            listed(`m${m}`, tokens, Math.max(0, tokens.length + padding)),
          );
          const base = wanted !== undefined && wanted < models.length ? wanted : undefined;
          const pad = multiple === undefined ? {} : { padToMultipleOf: multiple };
          const plan = planTokenizer({ setting: settingOf({ source, ...pad }), base, models });
          const origin = models[source === 'm0' ? 0 : (base ?? 0)]!;
          const names =
            source === 'union'
              ? new Set([origin, ...models].flatMap((model) => [...model.vocabulary.tokens.keys()]))
              : new Set(origin.vocabulary.tokens.keys());
          expect(new Set(plan.output.tokens.keys())).toEqual(names);
          expect([...plan.output.tokens.values()].sort((a, b) => a - b)).toEqual(
            [...names].map((_, i) => i),
          );
          expect(plan.rowCount % (multiple ?? 1)).toBe(0);
          expect(plan.rowCount).toBeGreaterThanOrEqual(Math.max(names.size, origin.rows));
          expect(plan.rowCount).toBeLessThan(Math.max(names.size, origin.rows) + (multiple ?? 1));
          for (const [token, r] of plan.output.tokens) {
            const own = models.flatMap(({ vocabulary, rows }, model) => {
              const row = vocabulary.tokens.get(token);
              return row !== undefined && row < rows ? [{ model, row }] : [];
            });
            plan.rowMaps.forEach((map, m) => {
              const mine = own.filter(({ model }) => model === m);
              const bases = own.filter(({ model }) => model === base);
              const want = mine.length > 0 ? mine : bases.length > 0 ? bases : own;
              expect(placesAt(map, r)).toEqual(want);
            });
          }
        },
      ),
    );
  });

  it('survive a structured clone', () => {
    const { rowMaps } = planTokenizer({ setting: settingOf({}), base: 0, models: MODELS });
    expect(structuredClone(rowMaps)).toEqual(rowMaps);
  });

  it('of 60,000 tokens share one list of means', () => {
    const tokens = Array.from({ length: 60_000 }, (_, i) => `t${i}`);
    const models = [
      listed('base', tokens.slice(0, 20_000)),
      listed('one', tokens.slice(10_000)),
      listed('two', tokens.toReversed()),
    ];
    const plan = planTokenizer({ setting: settingOf({}), base: 0, models });
    expect(plan.rowCount).toBe(60_000);
    expect(plan.rowMaps[0]!.means.length).toBe(40_000);
    expect(plan.rowMaps[1]!.means).toBe(plan.rowMaps[0]!.means);
  });
});
