import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FusionError } from '../../../src/errors.ts';
import { parseRecipes } from '../../../src/merge/recipe/parseRecipes.ts';
import type { ParameterSet } from '../../../src/merge/recipe/recipe.ts';
import { interpolate, resolveParameter } from '../../../src/merge/recipe/resolve.ts';
import { readGoldenRecipes } from './golden.ts';

const at = (tensorName: string, t = 0) => ({ tensorName, t });
const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true });
const unit = fc.double({ min: 0, max: 1, noNaN: true });

describe('resolveParameter', () => {
  it('takes scalars of any kind as they are', () => {
    const levels: ParameterSet[] = [{ a: 0, b: false, c: 'word' }];
    const resolveOne = (name: string) => resolveParameter(name, levels, at('x', 0.5));
    expect(resolveOne('a')).toEqual({ value: 0, source: 'scalar', level: 0 });
    expect(resolveOne('b')).toEqual({ value: false, source: 'scalar', level: 0 });
    expect(resolveOne('c')).toEqual({ value: 'word', source: 'scalar', level: 0 });
    expect(resolveOne('d')).toBeUndefined();
    expect(resolveOne('toString')).toBeUndefined();
    expect(resolveParameter('a', [], at('x'))).toBeUndefined();
  });

  it('lets the first matching filter win, and falls through when none matches', () => {
    const levels: ParameterSet[] = [
      {
        w: [
          { filter: 'mlp', value: 1 },
          { filter: 'mlp.up', value: 2 },
        ],
      },
      { w: [{ filter: 'attn', value: [3, 5] }] },
      {},
      { w: 7 },
    ];
    const resolve = (name: string) => resolveParameter('w', levels, at(name, 0.5));
    expect(resolve('mlp.up')).toEqual({ value: 1, source: 'scalar', level: 0, filter: 'mlp' });
    expect(resolve('attn.q')).toEqual({ value: 4, source: 'gradient', level: 1, filter: 'attn' });
    expect(resolve('norm')).toEqual({ value: 7, source: 'scalar', level: 3 });
    expect(resolveParameter('w', levels.slice(0, 3), at('norm'))).toBeUndefined();
  });

  it('takes an entry without a filter for every tensor', () => {
    const levels: ParameterSet[] = [{ w: [{ value: 1 }, { filter: 'mlp', value: 2 }] }, { w: 3 }];
    expect(resolveParameter('w', levels, at('mlp'))?.value).toBe(1);
  });

  it('gives the values of the golden recipe deep-slerp-g5 over its four layers', () => {
    const text = readGoldenRecipes().find(({ name }) => name === 'deep-slerp-g5')?.text ?? '';
    const [recipe] = parseRecipes(text, 'recipe.yml').recipes;
    const valuesOf = (part: string) =>
      [0, 1, 2, 3].map((layer) => {
        const position = at(`model.layers.${layer}.${part}.weight`, layer / 3);
        return resolveParameter('t', [recipe!.parameters], position)?.value;
      });
    // By hand: anchors lie at t = 0, 1/4, 1/2, 3/4, 1, so layer 1 is a third of the way from the
    // second anchor to the third, layer 2 two thirds from the third to the fourth.
    const close = (values: number[]) => values.map((value) => expect.closeTo(value, 14));
    expect(valuesOf('self_attn')).toEqual(close([0, 0.5 - 0.2 / 3, 0.3 + 0.8 / 3, 1]));
    expect(valuesOf('mlp')).toEqual(close([1, 0.7 - 0.4 / 3, 0.3 + 0.4 / 3, 0]));
    expect(valuesOf('input_layernorm')).toEqual([0.5, 0.5, 0.5, 0.5]);
  });

  it('obeys precedence: the first level that has a value', () => {
    fc.assert(
      fc.property(fc.array(fc.option(finite, { nil: undefined }), { maxLength: 5 }), (values) => {
        const levels = values.map(
          (value): ParameterSet => (value === undefined ? {} : { w: value }),
        );
        const level = values.findIndex((value) => value !== undefined);
        const expected = level < 0 ? undefined : { value: values[level], source: 'scalar', level };
        expect(resolveParameter('w', levels, at('x'))).toEqual(expected);
      }),
    );
  });
});

describe('interpolate', () => {
  it('gives the anchors at their places', () => {
    expect(interpolate([3], 0)).toBe(3);
    expect(interpolate([3], 0.7)).toBe(3);
    expect(interpolate([0.1, 0.7], 1)).toBe(0.7);
    expect([0, 0.25, 0.5, 0.75, 1].map((t) => interpolate([0, 0.5, 0.3, 0.7, 1], t))).toEqual([
      0, 0.5, 0.3, 0.7, 1,
    ]);
    expect(interpolate([0, 10], 0.25)).toBe(2.5);
    expect(interpolate([0, 10, 0], 0.75)).toBe(5);
  });

  it('is monotone between two anchors and stays between them', () => {
    fc.assert(
      fc.property(
        fc.array(finite, { minLength: 2, maxLength: 9 }),
        fc.nat(),
        unit,
        unit,
        (anchors, pick, u, v) => {
          const last = anchors.length - 1;
          const index = pick % last;
          const [from, to] = [anchors[index]!, anchors[index + 1]!];
          const [low, high] = [Math.min(u, v), Math.max(u, v)].map((x) =>
            interpolate(anchors, Math.min(1, (index + x) / last)),
          );
          const slack = 1e-9 * Math.max(1, Math.abs(from), Math.abs(to)) + 1e-9 * steepest(anchors);
          const rising = Math.sign(to - from);
          expect(rising * (high! - low!)).toBeGreaterThanOrEqual(-slack);
          for (const value of [low!, high!]) {
            expect(value).toBeGreaterThanOrEqual(Math.min(from, to) - slack);
            expect(value).toBeLessThanOrEqual(Math.max(from, to) + slack);
          }
        },
      ),
    );
  });

  it('refuses places outside the slice', () => {
    for (const t of [-0.1, 1.1, Number.NaN]) {
      expect(() => interpolate([0, 1], t)).toThrow(FusionError);
    }
    expect(() => interpolate([], 0)).toThrow(FusionError);
  });
});

function steepest(anchors: readonly number[]): number {
  return Math.max(...anchors) - Math.min(...anchors);
}
