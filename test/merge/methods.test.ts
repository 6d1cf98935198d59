/**
 * What methods promise beyond their formulas: identities, ties, directions that cancel out, and the
 * statistics of those that draw. Bounds are five standard deviations at fixed seeds.
 */

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { MERGE_METHODS } from '../../src/merge/method/registry.ts';
import { decode } from './encode.ts';
import {
  generator,
  type ModelTensors,
  makeScene,
  readFolder,
  type Scene,
  tensor,
  valuesOf,
} from './scene.ts';

const NAMES = MERGE_METHODS.map(({ name }) => name);
const own = (model: string, parameters: object) => ({ model, parameters });

/** Merges one tensor per name, the base under the name `base`, and reads it back. */
async function merged(
  models: Record<string, ModelTensors>,
  recipe: object,
  options: { seed?: number } = {},
) {
  const scene = makeScene();
  for (const [name, tensors] of Object.entries(models)) scene.model(name, tensors);
  await scene.merge(recipe, options);
  return readFolder(scene.path('out'));
}

async function mergedValues(
  models: Record<string, readonly number[]>,
  recipe: object,
  shape?: readonly number[],
): Promise<number[]> {
  const tensors = Object.entries(models).map(
    ([name, values]) => [name, { w: tensor(shape ?? [values.length], values) }] as const,
  );
  return valuesOf(await merged(Object.fromEntries(tensors), recipe), 'w');
}

function recipeOf(name: string, models: readonly string[], parameters: object = {}): object {
  const method = MERGE_METHODS.find((candidate) => candidate.name === name)!;
  const others =
    method.inputs.max === 1 || method.base === 'endpoint' ? models.slice(0, 1) : models;
  return {
    merge_method: name,
    ...(method.base === 'none' ? {} : { base_model: 'base' }),
    models: others.map((model) => own(model, { weight: 0.5 })),
    parameters: { t: 0.3, ...parameters },
  };
}

describe('models that all equal the base', () => {
  it.each(NAMES)('%s gives the base', async (name) => {
    const { normal } = generator(7);
    const values = Array.from({ length: 300 }, () => Math.fround(normal()));
    const same = { base: values, a: values, b: values };
    const result = await mergedValues(same, recipeOf(name, ['a', 'b']), [10, 30]);
    const scale = Math.max(...values.map(Math.abs));
    result.forEach((value, i) => {
      expect(Math.abs(value - values[i]!), `${i}`).toBeLessThanOrEqual(4 * 2 ** -24 * scale);
    });
  });
});

describe('models of zeros, and a base of zeros', () => {
  it.each(NAMES)('%s gives numbers', async (name) => {
    const zeros = new Array<number>(12).fill(0);
    const ones = new Array<number>(12).fill(1);
    for (const models of [
      { base: zeros, a: zeros, b: zeros },
      { base: ones, a: zeros, b: zeros },
      { base: zeros, a: ones, b: zeros },
    ]) {
      const result = await mergedValues(models, recipeOf(name, ['a', 'b']), [3, 4]);
      expect(result.every(Number.isFinite), JSON.stringify(result)).toBe(true);
    }
  });
});

describe('ends of the line', () => {
  const a = [1, -2, 3, 0.5];
  const b = [0.25, 4, -1, 2];
  it.each([
    [0, a],
    [1, b],
  ])('slerp at t = %d', async (t, expected) => {
    expect(
      await mergedValues(
        { a, b },
        { merge_method: 'slerp', base_model: 'a', models: [own('b', {})], parameters: { t } },
      ),
    ).toEqual(expected);
  });
  it.each([
    [1, 0, a],
    [0, 1, b],
  ])('nuslerp with weights %d and %d', async (first, second, expected) => {
    const models = [own('a', { weight: first }), own('b', { weight: second })];
    expect(await mergedValues({ a, b }, { merge_method: 'nuslerp', models })).toEqual(expected);
  });
  it('nearswap takes over what is near, and barely moves what is far', async () => {
    const recipe = {
      merge_method: 'nearswap',
      base_model: 'a',
      models: [own('b', {})],
      parameters: { t: 0.5 },
    };
    expect(await mergedValues({ a: [0, 0, 1, 2], b: [0.25, 4, 1, -2] }, recipe)).toEqual([
      0.25, 0.5, 1, 1.5,
    ]);
  });
  it.each(NAMES.filter((name) => /ties|della|dare|breadcrumbs/.test(name)))(
    '%s at density 1 keeps everything',
    async (name) => {
      const parameters = { density: 1, gamma: 0, weight: 1 };
      const recipe = { merge_method: name, base_model: 'a', models: [own('b', parameters)] };
      expect(await mergedValues({ a, b }, recipe)).toEqual(b);
    },
  );
  it.each(['ties', 'dare_linear', 'dare_ties'])('%s at density 0 gives the base', async (name) => {
    const recipe = {
      merge_method: name,
      base_model: 'a',
      models: [own('b', { density: 0, weight: 1 })],
    };
    expect(await mergedValues({ a, b }, recipe)).toEqual(a);
  });
  it('task_arithmetic with weight -1 takes a task away', async () => {
    const recipe = {
      merge_method: 'task_arithmetic',
      base_model: 'a',
      models: [own('b', { weight: -1 })],
    };
    expect(await mergedValues({ a, b }, recipe)).toEqual(a.map((value, i) => 2 * value - b[i]!));
  });
});

describe('ties', () => {
  const zeros = [0, 0, 0, 0, 0, 0, 0, 0];
  it('equal magnitudes are kept from the lowest index on', async () => {
    const recipe = {
      merge_method: 'ties',
      base_model: 'base',
      models: [own('a', { weight: 1, density: 0.5 })],
    };
    const a = [1, 2, -1, 1, 2, -1, 1, 1];
    expect(await mergedValues({ base: zeros, a }, recipe)).toEqual([1, 2, -1, 0, 2, 0, 0, 0]);
  });
  it('breadcrumbs drop the lowest index first, at both ends', async () => {
    const recipe = {
      merge_method: 'breadcrumbs',
      base_model: 'base',
      models: [own('a', { weight: 1, density: 0.5, gamma: 0.25 })],
    };
    expect(await mergedValues({ base: zeros, a: [1, 1, 1, 1, 1, 1, 1, 1] }, recipe)).toEqual(
      [0, 0, 1, 1, 1, 1, 1, 1].map((_, i) => (i < 2 ? 0 : i < 4 ? expect.any(Number) : 1)),
    );
  });
  it('breadcrumbs with floor(gamma n) = 0 keep the largest', async () => {
    const recipe = {
      merge_method: 'breadcrumbs',
      base_model: 'base',
      models: [own('a', { weight: 1, density: 0.5, gamma: 0.01 })],
    };
    expect(await mergedValues({ base: zeros, a: [1, 2, 3, 4, 5, 6, 7, 8] }, recipe)).toEqual([
      0, 0, 0, 0, 5, 6, 7, 8,
    ]);
  });
  it.each([1, 0.3, 0.7])('a tied vote counts as + (weights %d)', async (weight) => {
    const models = ['a', 'b'].map((model) => own(model, { weight }));
    const recipe = { merge_method: 'ties', base_model: 'base', models };
    expect(await mergedValues({ base: [0, 0], a: [1, -2], b: [-1, 2] }, recipe)).toEqual([1, 2]);
  });
  it('sce keeps the most varying, the lowest index first', async () => {
    const recipe = {
      merge_method: 'sce',
      base_model: 'base',
      models: [own('a', {}), own('b', {})],
      parameters: { select_topk: 0.5 },
    };
    const models = { base: [0, 0, 0, 0, 0], a: [2, 2, 2, 2, 1], b: [4, 4, 4, 4, 1] };
    const [kept] = [(2 * 4 + 4 * 16) / (4 + 16)];
    expect(await mergedValues(models, recipe)).toEqual([
      expect.closeTo(kept!, 5),
      expect.closeTo(kept!, 5),
      0,
      0,
      0,
    ]);
  });
});

describe('directions that cancel out', () => {
  it('model_stock stays at the base', async () => {
    const recipe = recipeOf('model_stock', ['a', 'b']);
    expect(await mergedValues({ base: [1], a: [3], b: [0] }, recipe)).toEqual([1]);
    expect(await mergedValues({ base: [1, 1, 1], a: [2, 3, 4], b: [0, -1, -2] }, recipe)).toEqual([
      1, 1, 1,
    ]);
  });
  it.each([3, 7, 64, 1001])(
    'nuslerp and multislerp of opposite vectors of %d numbers take the plain mean',
    async (count) => {
      const { normal } = generator(count);
      const a = Array.from({ length: count }, () => Math.fround(normal()));
      const b = a.map((value) => -value);
      for (const name of ['nuslerp', 'multislerp']) {
        const models = ['a', 'b'].map((model) => own(model, { weight: 0.5 }));
        const result = await mergedValues({ a, b }, { merge_method: name, models });
        expect(Math.max(...result.map(Math.abs)), name).toBeLessThan(1e-6);
      }
    },
  );
  it('karcher of opposite vectors gives numbers', async () => {
    const result = await mergedValues(
      { a: [1, 2], b: [-1, -2] },
      { merge_method: 'karcher', models: [own('a', {}), own('b', {})] },
    );
    expect(result.every(Number.isFinite)).toBe(true);
  });
  it('karcher with its default settings is within its tolerance of the fixed point', async () => {
    const { normal } = generator(3);
    const models = Object.fromEntries(
      ['a', 'b', 'c'].map((name) => [
        name,
        Array.from({ length: 500 }, () => Math.fround(normal())),
      ]),
    );
    const recipe = (parameters: object) => ({
      merge_method: 'karcher',
      models: Object.keys(models).map((name) => own(name, {})),
      parameters,
    });
    const [few, many] = [
      await mergedValues(models, recipe({})),
      await mergedValues(models, recipe({ max_iter: 500, tol: 1e-12 })),
    ];
    const length = Math.sqrt(many.reduce((sum, value) => sum + value * value, 0));
    const distance = Math.sqrt(many.reduce((sum, value, i) => sum + (value - few[i]!) ** 2, 0));
    expect(distance / length).toBeLessThan(1e-4);
  });
});

describe('special values', () => {
  it.each(['ties', 'dare_ties', 'breadcrumbs', 'ram', 'task_arithmetic', 'nearswap'])(
    '%s: one NaN and one infinity stay where they are',
    async (name) => {
      const base = Array.from({ length: 64 }, (_, i) => i / 8);
      const a = base.map((value, i) =>
        i === 5 ? Number.NaN : i === 9 ? Number.POSITIVE_INFINITY : value + 1,
      );
      const scene = { base: { w: tensor([64], base) }, a: { w: tensor([64], a) } };
      const result = valuesOf(
        await merged(scene, {
          ...recipeOf(name, ['a']),
          models: [own('a', { weight: 1, density: 0.9 })],
        }),
        'w',
      );
      const odd = result.flatMap((value, i) => (Number.isFinite(value) ? [] : [i]));
      expect(odd.every((i) => i === 5 || i === 9)).toBe(true);
    },
  );
  it('values beyond the output dtype become infinite, small ones subnormal', async () => {
    const models = { a: { w: tensor([4], [70000, -70000, 2 ** -24, 65504]) } };
    const recipe = { merge_method: 'linear', models: [own('a', { weight: 1 })], dtype: 'float16' };
    expect(valuesOf(await merged(models, recipe), 'w')).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      2 ** -24,
      65504,
    ]);
  });
});

describe('methods that draw', () => {
  const ROW = 512;
  const N = 400 * ROW;
  const RISING = Array.from({ length: N }, (_, j) => 1 + ((j * 7919) % ROW) / ROW);

  /** The factor by which each element of a change survives, two tensors and two models. */
  async function factors(
    scene: Scene,
    name: string,
    parameters: object,
    globals: object,
    seed = 0,
  ) {
    for (const model of ['base', 'a', 'b']) {
      const values = model === 'base' ? () => 0 : (j: number) => RISING[j]!;
      scene.model(model, {
        first: tensor([N / ROW, ROW], values),
        second: tensor([N / ROW, ROW], values),
      });
    }
    const read = async (model: string) => {
      const models = ['a', 'b'].map((other) =>
        own(other, { weight: other === model ? 1 : 0, ...parameters }),
      );
      const recipe = {
        merge_method: name,
        base_model: 'base',
        models,
        parameters: { normalize: false, ...globals },
      };
      await scene.merge(recipe, { seed, overwrite: true });
      const tensors = readFolder(scene.path('out'));
      return [...tensors.values()].map(({ bytes }) =>
        decode('F32', bytes).map((value, j) => value / RISING[j]!),
      );
    };
    return [...(await read('a')), ...(await read('b'))];
  }
  const mean = (values: Iterable<number>) => [...values].reduce((sum, value) => sum + value, 0) / N;
  const isKept = (values: Float64Array) => values.map((value) => (value === 0 ? 0 : 1));
  const bound = (p: number) => 5 * Math.sqrt((p * (1 - p)) / N);

  it.each([0.1, 0.5, 0.9])(
    'dare_linear at density %d: kept share, rescaling, independence',
    async (density) => {
      const scene = makeScene();
      const drawn = await factors(scene, 'dare_linear', { density }, {});
      const masks = drawn.map(isKept);
      for (const [i, values] of drawn.entries()) {
        expect(Math.abs(mean(masks[i]!) - density)).toBeLessThan(bound(density));
        for (const value of new Set(values)) {
          if (value !== 0) expect(value * density).toBeCloseTo(1, 5);
        }
        for (const other of masks.slice(i + 1)) {
          const both = mean(masks[i]!.map((kept, j) => kept * other[j]!));
          expect(Math.abs(both - density ** 2)).toBeLessThan(bound(density ** 2));
        }
        // Neighbours and neighbouring rows do not know of each other either.
        for (const step of [1, 4, 32, ROW]) {
          const both = mean(masks[i]!.map((kept, j) => kept * masks[i]![(j + step) % N]!));
          expect(Math.abs(both - density ** 2), `step ${step}`).toBeLessThan(
            2 * bound(density ** 2),
          );
        }
      }
    },
  );
  it('dare_linear without rescale keeps values as they are', async () => {
    const [values] = await factors(
      makeScene(),
      'dare_linear',
      { density: 0.5 },
      { rescale: false },
    );
    expect([...new Set(values)].sort()).toEqual([0, 1]);
  });
  it.each([true, false])(
    'della_linear, rescale %s: keep probabilities rise with the rank',
    async (rescale) => {
      const [density, epsilon] = [0.5, 0.3];
      const [values] = await factors(
        makeScene(),
        'della_linear',
        { density, epsilon },
        { rescale },
      );
      const mask = isKept(values!);
      expect(Math.abs(mean(mask) - density)).toBeLessThan(bound(density));
      const quintiles = new Float64Array(5);
      RISING.forEach((value, j) => {
        quintiles[Math.min(4, Math.floor((value - 1) * 5))]! += mask[j]! / (N / 5);
      });
      quintiles.forEach((share, q) => {
        const expected = density - epsilon + 2 * epsilon * (q / 5 + 0.1);
        expect(Math.abs(share - expected), `${q}`).toBeLessThan(3 * bound(expected));
      });
      // Divided by its own probability, a change survives in expectation; else it shrinks.
      expect(Math.abs(mean(values!) - (rescale ? 1 : density))).toBeLessThan(0.02);
    },
  );
  it.each([
    ['dare_linear', '9301ccdcf0d3e5bb'],
    ['della_linear', 'eec4c1b68b51f0e1'],
  ])('%s: the seed decides, and nothing else', async (name, expected) => {
    const hash = (drawn: Float64Array[]) =>
      createHash('sha256')
        .update(
          Buffer.concat(
            drawn.map((values) => isKept(values)).map(({ buffer }) => new Uint8Array(buffer)),
          ),
        )
        .digest('hex')
        .slice(0, 16);
    const parameters = { density: 0.5, epsilon: 0.25 };
    const first = hash(await factors(makeScene(), name, parameters, {}));
    expect(hash(await factors(makeScene(), name, parameters, {}))).toBe(first);
    expect(hash(await factors(makeScene(), name, parameters, {}, 1))).not.toBe(first);
    expect(first).toBe(expected);
  });
});
