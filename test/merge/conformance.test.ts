/**
 * One suite over every merge method: results of whole merges against the float64 reference in
 * reference/, on tensors of many shapes and dtypes and with random parameters.
 *
 * Tolerance: float32 arithmetic loses some units of 2^-24 of what was added up (`scale`), storing
 * loses half a unit of the output dtype. Where a threshold decides between two values that rounding
 * cannot tell apart, either is right.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MERGE_METHODS } from '../../src/merge/method/registry.ts';
import { decode, type FloatDtype, ulp } from './encode.ts';
import { REFERENCE } from './reference/methods.ts';
import type { Problem, Solution } from './reference/vectors.ts';
import {
  generator,
  type ModelTensors,
  makeScene,
  readFolder,
  type Scene,
  tensor,
} from './scene.ts';

const DTYPES: readonly FloatDtype[] = ['F32', 'BF16', 'F16', 'F64'];

const SHAPES: Readonly<Record<string, readonly number[]>> = {
  scalar: [],
  empty: [0],
  'empty.matrix': [3, 0],
  one: [1],
  vector: [7],
  thin: [40, 3],
  odd: [13, 17],
  cube: [5, 3, 9],
  wide: [3, 2101],
};

/** More than a chunk (524288 elements), and not a multiple of anything. */
const LARGE: Readonly<Record<string, readonly number[]>> = { large: [701, 757] };

interface Setting {
  readonly count: number;
  readonly own: readonly Readonly<Record<string, number>>[];
  readonly globals: Readonly<Record<string, number | boolean>>;
  readonly withBase: boolean;
}

interface MethodCase {
  readonly own?: Readonly<Record<string, fc.Arbitrary<number>>>;
  readonly globals?: Readonly<Record<string, fc.Arbitrary<number | boolean | undefined>>>;
  readonly count: readonly [number, number];
  readonly base: 'always' | 'never' | 'sometimes';
  readonly accepts?: (setting: Setting) => boolean;
  /** Values whose angles are all acute. */
  readonly positive?: true;
}

const share = fc.oneof(
  fc.integer({ min: 0, max: 16 }).map((k) => k / 16),
  fc.double({ min: 0, max: 1, noNaN: true }),
);
const positiveWeight = fc.integer({ min: 1, max: 24 }).map((k) => k / 10);
const anyWeight = fc.integer({ min: -8, max: 24 }).map((k) => k / 10);
const flag = fc.option(fc.boolean(), { nil: undefined });
const lambda = fc.option(
  fc.integer({ min: -4, max: 20 }).map((k) => k / 8),
  { nil: undefined },
);

const AGREEING = { normalize: flag, lambda, int8_mask: flag };
const sumOfWeights = ({ own }: Setting) => own.reduce((sum, { weight }) => sum + weight!, 0);
const hasSum = (setting: Setting) => Math.abs(sumOfWeights(setting)) > 0.05;
const trimmed = {
  own: { weight: anyWeight, density: share },
  globals: { ...AGREEING, rescale: flag },
  count: [1, 4],
  base: 'always',
} as const;
const banded = {
  ...trimmed,
  own: { ...trimmed.own, gamma: fc.oneof(share, fc.constant(0.01)) },
} as const;
const drawn = {
  ...trimmed,
  own: { weight: anyWeight, density: fc.integer({ min: 1, max: 16 }).map((k) => k / 16) },
} as const;
const ranked = {
  ...trimmed,
  own: {
    weight: anyWeight,
    density: fc.integer({ min: 4, max: 7 }).map((k) => k / 10),
    epsilon: fc.integer({ min: 0, max: 3 }).map((k) => k / 16),
  },
} as const;

const CASES: Readonly<Record<string, MethodCase>> = {
  linear: {
    own: { weight: anyWeight },
    globals: { normalize: flag },
    count: [1, 5],
    base: 'never',
    accepts: (s) => s.globals.normalize === false || hasSum(s),
  },
  slerp: { globals: { t: share }, count: [1, 1], base: 'always' },
  nuslerp: {
    own: { weight: anyWeight },
    globals: { nuslerp_flatten: flag, nuslerp_row_wise: flag },
    count: [2, 2],
    base: 'sometimes',
    accepts: (s) => sumOfWeights(s) === 0 || hasSum(s),
  },
  multislerp: {
    own: { weight: positiveWeight },
    globals: { normalize_weights: flag },
    count: [2, 4],
    base: 'sometimes',
  },
  karcher: {
    globals: { max_iter: fc.constant(500), tol: fc.constant(1e-13) },
    count: [2, 4],
    base: 'never',
    positive: true,
  },
  task_arithmetic: {
    own: { weight: anyWeight },
    globals: AGREEING,
    count: [1, 5],
    base: 'always',
    accepts: hasSum,
  },
  ties: trimmed,
  dare_linear: { ...drawn, accepts: hasSum },
  dare_ties: drawn,
  della: ranked,
  della_linear: { ...ranked, accepts: hasSum },
  breadcrumbs: { ...banded, accepts: hasSum },
  breadcrumbs_ties: banded,
  sce: { globals: { select_topk: share, int8_mask: flag }, count: [1, 2], base: 'always' },
  ram: { globals: { epsilon: fc.constantFrom(undefined, 0, 0.1) }, count: [1, 5], base: 'always' },
  ramplus_tl: {
    globals: {
      epsilon: fc.constantFrom(undefined, 0, 0.1),
      r: fc.constantFrom(undefined, 0.5),
      alpha: fc.constantFrom(undefined, 3),
    },
    count: [1, 4],
    base: 'always',
  },
  model_stock: { globals: { filter_wise: flag }, count: [2, 4], base: 'always' },
  nearswap: { globals: { t: share }, count: [1, 1], base: 'always' },
  arcee_fusion: { count: [1, 1], base: 'always' },
  passthrough: { own: { scale: anyWeight }, count: [1, 1], base: 'never' },
};

/** Recipes that are tried per method. */
const RUNS = 8;

const DRAWING = ['dare_linear', 'dare_ties', 'della', 'della_linear'];

it('has a case and a reference for every method', () => {
  const names = MERGE_METHODS.map(({ name }) => name).sort();
  expect(Object.keys(CASES).sort()).toEqual(names);
  expect(Object.keys(REFERENCE).sort()).toEqual(names);
});

describe.each(MERGE_METHODS.map(({ name }) => name))('%s', (method) => {
  const { accepts = () => true, count, base, own = {}, globals = {} } = CASES[method]!;
  const setting: fc.Arbitrary<Setting> = fc
    .integer({ min: count[0], max: count[1] })
    .chain((models) =>
      fc.record({
        count: fc.constant(models),
        own: fc.array(fc.record(own), { minLength: models, maxLength: models }),
        globals: fc.record(globals).map(withoutUndefined),
        withBase: base === 'sometimes' ? fc.boolean() : fc.constant(base === 'always'),
      }),
    )
    .filter(accepts);

  it('equals the reference on small tensors', { timeout: 60_000 }, async () => {
    const scene = makeScene();
    await fc.assert(
      fc.asyncProperty(
        setting,
        fc.constantFrom(...DTYPES),
        fc.constantFrom<Values>('grid', 'normal'),
        fc.nat(1e6),
        (parameters, dtype, values, seed) =>
          compare(scene, method, parameters, { shapes: SHAPES, dtype, values, seed }),
      ),
      { numRuns: RUNS, seed: 20 },
    );
  });

  it('equals the reference on a tensor larger than a chunk', { timeout: 60_000 }, async () => {
    const scene = makeScene();
    const [parameters] = fc.sample(setting, { numRuns: 1, seed: 4 });
    await compare(scene, method, parameters!, {
      shapes: LARGE,
      dtype: 'BF16',
      values: 'grid',
      seed: 3,
    });
  });
});

/** Inner products in float64 tell angles to half of their digits, so iterations end there. */
const lostOf64 = (method: string) => (method === 'karcher' ? 2 ** -30 : 2 ** -48);

type Values = 'grid' | 'normal';

interface Data {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly dtype: FloatDtype;
  readonly values: Values;
  readonly seed: number;
}

async function compare(scene: Scene, method: string, setting: Setting, data: Data): Promise<void> {
  const models = makeModels(scene, method, setting, data);
  const recipe = recipeOf(method, setting);
  await scene.merge(recipe, { overwrite: true });
  const actual = readFolder(scene.path('out'));
  const kept = DRAWING.includes(method)
    ? await observeMasks(scene, method, setting, models)
    : undefined;
  for (const [name, shape] of Object.entries(data.shapes)) {
    const problem = problemOf(setting, models, name, data.dtype, kept?.(name));
    const solution = REFERENCE[method]!(problem);
    const found = actual.get(name)!;
    expect(found.dtype, name).toBe(data.dtype);
    expect(found.shape, name).toEqual(shape);
    const k = setting.count + 1;
    assertClose(`${method} ${name}`, decode(data.dtype, found.bytes), solution, {
      dtype: data.dtype,
      lost: (data.dtype === 'F64' ? lostOf64(method) : 2 ** -24) * (8 + 4 * k),
    });
  }
}

function makeModels(scene: Scene, method: string, setting: Setting, data: Data): ModelTensors[] {
  const random = generator(data.seed);
  const draw = { grid: () => (random.integer(41) - 20) / 32, normal: random.normal }[data.values];
  const value = () => (CASES[method]!.positive ? Math.abs(draw()) + 1 / 64 : draw());
  const names = ['base', ...Array.from({ length: setting.count }, (_, i) => `m${i}`)];
  return names.map((name) => {
    const tensors = Object.fromEntries(
      Object.entries(data.shapes).map(([key, shape]) => [key, tensor(shape, value, data.dtype)]),
    );
    scene.model(name, tensors);
    return tensors;
  });
}

function recipeOf(method: string, { own, globals, withBase }: Setting): object {
  const isEndpoint = method === 'slerp';
  return {
    merge_method: method,
    ...(withBase ? { base_model: 'base' } : {}),
    models: [
      ...(isEndpoint ? [{ model: 'base' }] : []),
      ...own.map((parameters, i) => ({ model: `m${i}`, parameters })),
    ],
    parameters: globals,
  };
}

function problemOf(
  { own, globals, withBase }: Setting,
  models: readonly ModelTensors[],
  name: string,
  dtype: FloatDtype,
  kept: Problem['kept'],
): Problem {
  const [base, ...others] = models.map((tensors) => decode(dtype, tensors[name]!.bytes));
  return {
    shape: models[0]![name]!.shape,
    base: withBase ? base : undefined,
    models: others,
    own,
    globals,
    store: dtype === 'F64' ? (value) => value : Math.fround,
    ...(kept ? { kept } : {}),
  };
}

/** Which elements each model keeps: merges of one model each, far amplified, show it. */
async function observeMasks(
  scene: Scene,
  method: string,
  setting: Setting,
  models: readonly ModelTensors[],
) {
  const masks: ReadonlyMap<string, boolean[]>[] = [];
  for (let chosen = 0; chosen < setting.count; chosen++) {
    const own = setting.own.map((parameters, i) => ({
      ...parameters,
      weight: i === chosen ? 1 : 0,
    }));
    const globals = { rescale: false, normalize: false, lambda: 2 ** 20 };
    const recipe = { ...recipeOf(method, { ...setting, own, globals }), out_dtype: 'float64' };
    await scene.merge(recipe, { out: 'masks', overwrite: true });
    const merged = readFolder(scene.path('masks'));
    const entries = [...merged].map(([name, { bytes }]) => {
      const base = models[0]![name]!;
      const from = decode(base.dtype as FloatDtype, base.bytes);
      return [name, [...decode('F64', bytes)].map((value, j) => value !== from[j])] as const;
    });
    masks.push(new Map(entries));
  }
  return (name: string) => masks.map((mask) => mask.get(name)!);
}

function assertClose(
  subject: string,
  actual: Float64Array,
  { values, scale, also }: Solution,
  { dtype, lost }: { readonly dtype: FloatDtype; readonly lost: number },
): void {
  expect(actual.length, subject).toBe(values.length);
  for (let j = 0; j < values.length; j++) {
    const tolerance =
      lost * scale[j]! + 0.5 * ulp(dtype, Math.max(Math.abs(actual[j]!), Math.abs(values[j]!)));
    const distance = (value: number | undefined) =>
      value === undefined ? Number.POSITIVE_INFINITY : Math.abs(actual[j]! - value);
    if (distance(values[j]!) <= tolerance || distance(also?.get(j)) <= tolerance) continue;
    expect.fail(`${subject}[${j}]: ${actual[j]}, expected ${values[j]} within ${tolerance}`);
  }
}

function withoutUndefined<T extends object>(values: T): Record<string, number | boolean> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Record<string, number | boolean>;
}
