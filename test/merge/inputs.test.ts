/** What models may be made of: formats, old names, tied heads, buffers, values that are only copied. */

import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type ModelTensors,
  makeScene,
  readFolder,
  refusal,
  type Scene,
  type TensorSpec,
  tensor,
  valuesOf,
} from './scene.ts';

const FORMATS = join(import.meta.dirname, '../formats');
const weight = (model: string, value = 1) => ({ model, parameters: { weight: value } });
const linear = (...models: string[]) => ({
  merge_method: 'linear',
  models: models.map((model) => weight(model)),
});

describe('PyTorch files give what the same values in safetensors give', () => {
  const recipe = (model: string) => ({
    merge_method: 'task_arithmetic',
    base_model: 'base',
    models: [weight(model, 0.5)],
  });

  /** Merges a model in two forms with a base of other values, and compares the bytes. */
  async function compareForms(scene: Scene): Promise<void> {
    const tensors = readFolder(scene.path('safe'));
    const isFloat = ({ dtype }: { dtype: string }) => /^(F64|F32|F16|BF16)$/.test(dtype);
    const others = [...tensors].map(([name, { dtype, shape, bytes }]): [string, TensorSpec] => [
      name,
      isFloat({ dtype })
        ? { dtype, shape, bytes: new Uint8Array(bytes.length) }
        : { dtype, shape, bytes },
    ]);
    scene.model('base', Object.fromEntries(others));
    await scene.merge(recipe('safe'), { out: 'fromSafe' });
    await scene.merge(recipe('torch'), { out: 'fromTorch' });
    const [expected, actual] = [
      readFolder(scene.path('fromSafe')),
      readFolder(scene.path('fromTorch')),
    ];
    expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [name, { bytes }] of expected) {
      expect(Buffer.from(actual.get(name)!.bytes).equals(bytes), name).toBe(true);
    }
  }

  it.each([
    ['zip', 'pytorch_model.bin', 'pytorch_model.bin'],
    ['nested state dict', 'nested.pt', 'model.pt'],
    ['legacy', 'legacy.bin', 'pytorch_model.bin'],
    ['shards', 'sharded', ''],
  ])('%s', async (_what, file, name) => {
    const scene = makeScene();
    cpSync(join(FORMATS, 'safetensors/single.safetensors'), scene.path('safe/model.safetensors'));
    cpSync(join(FORMATS, 'pytorch', file), scene.path(join('torch', name)), { recursive: true });
    await compareForms(scene);
  });

  it.each(['views.pth', 'legacy_views.pth'])('%s', async (file) => {
    const scene = makeScene();
    cpSync(join(FORMATS, 'pytorch', file), scene.path('torch/model.pth'));
    const text = readFileSync(
      join(FORMATS, 'pytorch', file.replace('.pth', '.values.json')),
      'utf8',
    );
    const { tensors } = JSON.parse(text) as {
      tensors: Record<string, { dtype: string; shape: number[]; values: string[] }>;
    };
    const specs = Object.entries(tensors).map(
      ([name, { dtype, shape, values }]): [string, TensorSpec] => {
        if (dtype === 'i64')
          return [
            name,
            {
              dtype: 'I64',
              shape,
              bytes: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
            },
          ];
        return [name, tensor(shape, values.map(Number), dtype.toUpperCase() as 'F32' | 'BF16')];
      },
    );
    scene.model('safe', Object.fromEntries(specs));
    await compareForms(scene);
  });

  it('copies strided views in order', async () => {
    const scene = makeScene();
    cpSync(join(FORMATS, 'pytorch/views.pth'), scene.path('views.pth'));
    await scene.merge({ merge_method: 'passthrough', models: [{ model: 'views.pth' }] });
    const merged = readFolder(scene.path('out'));
    const whole = valuesOf(merged, 'whole');
    const transposed = valuesOf(merged, 'transposed');
    expect(transposed).toEqual(
      Array.from({ length: 48 }, (_, i) => whole[(i % 6) * 8 + Math.floor(i / 6)]),
    );
  });
});

describe('names', () => {
  const numbers = (...values: number[]) => tensor([values.length], values);

  it('takes old spellings of the layer norm', async () => {
    const scene = makeScene();
    scene.model('a', { 'x.LayerNorm.gamma': numbers(1), 'x.LayerNorm.beta': numbers(2) });
    scene.model('b', { 'x.LayerNorm.weight': numbers(3), 'x.LayerNorm.bias': numbers(6) });
    const report = await scene.merge(linear('b', 'a'));
    const merged = readFolder(scene.path('out'));
    expect(valuesOf(merged, 'x.LayerNorm.weight')).toEqual([2]);
    expect(valuesOf(merged, 'x.LayerNorm.bias')).toEqual([4]);
    expect(report.stages[0]?.notes.join()).toMatch(/a: .*LayerNorm\.gamma/);
  });
  it.each([
    ['a prefix less', 'transformer.h.0.w', 'h.0.w'],
    ['a prefix more', 'h.0.w', 'transformer.h.0.w'],
    ['another prefix order', 'model.layers.0.w', 'language_model.model.layers.0.w'],
  ])('%s', async (_what, mine, theirs) => {
    const scene = makeScene();
    scene.model('a', { [mine]: numbers(1) });
    scene.model('b', { [theirs]: numbers(3) });
    await scene.merge(linear('a', 'b'));
    expect(valuesOf(readFolder(scene.path('out')), mine)).toEqual([2]);
  });
  it('says what has no place in the output', async () => {
    const scene = makeScene();
    scene.model('a', { w: numbers(1) });
    scene.model('b', { w: numbers(1), 'unused.head': numbers(1), 'unused.bias': numbers(1) });
    const report = await scene.merge(linear('a', 'b'));
    expect(report.stages[0]?.notes).toContainEqual(
      expect.stringMatching(/b: "unused\.head" and 1 more/),
    );
  });
  it('keeps names that are odd in JavaScript and JSON', async () => {
    const scene = makeScene();
    const odd = ['0', '__proto__', 'constructor', 'a "b" \\ c', 'ä\u2028'];
    const tensors = Object.fromEntries(odd.map((name, i) => [name, numbers(i)]));
    scene.model('a', tensors);
    await scene.merge(linear('a', 'a'), { shardSize: 4 });
    const merged = readFolder(scene.path('out'));
    odd.forEach((name, i) => {
      expect(valuesOf(merged, name), name).toEqual([i]);
    });
  });
});

describe('tied heads', () => {
  const embedding = (...values: number[]) => ({ 'embed_tokens.weight': tensor([2, 1], values) });
  const head = (...values: number[]) => ({ 'lm_head.weight': tensor([2, 1], values) });
  const config = (tied?: boolean) => ({
    'config.json': tied === undefined ? {} : { tie_word_embeddings: tied },
  });
  const configOf = (scene: Scene) =>
    JSON.parse(readFileSync(scene.path('out/config.json'), 'utf8')) as Record<string, unknown>;

  it('stay tied when all are', async () => {
    const scene = makeScene();
    for (const name of ['a', 'b']) scene.model(name, embedding(1, 2), config(true));
    await scene.merge(linear('a', 'b'));
    expect([...readFolder(scene.path('out')).keys()]).toEqual(['embed_tokens.weight']);
    expect(configOf(scene).tie_word_embeddings).toBe(true);
  });
  it.each([
    ['the base is tied', 'a', 'b'],
    ['another model is tied', 'b', 'a'],
  ])('become untied when %s', async (_what, first, second) => {
    const scene = makeScene();
    scene.model('a', embedding(1, 2), config(true));
    scene.model('b', { ...embedding(3, 4), ...head(5, 6) }, config(false));
    await scene.merge(linear(first, second));
    const merged = readFolder(scene.path('out'));
    expect(valuesOf(merged, 'embed_tokens.weight')).toEqual([2, 3]);
    expect(valuesOf(merged, 'lm_head.weight')).toEqual([3, 4]);
    expect(configOf(scene).tie_word_embeddings).toBe(false);
  });
  it('become untied when a tied base has stored its head all the same', async () => {
    const scene = makeScene();
    scene.model('a', { ...embedding(1, 2), ...head(1, 2) }, config(true));
    scene.model('b', { ...embedding(3, 4), ...head(5, 6) }, config(false));
    await scene.merge(linear('a', 'b'));
    expect(valuesOf(readFolder(scene.path('out')), 'lm_head.weight')).toEqual([3, 4]);
    expect(configOf(scene).tie_word_embeddings).toBe(false);
  });
  it('become untied in a nested config too', async () => {
    const scene = makeScene();
    const nested = (tie_word_embeddings: boolean) => ({
      'config.json': { text_config: { tie_word_embeddings } },
    });
    scene.model('a', embedding(1, 2), nested(true));
    scene.model('b', { ...embedding(3, 4), ...head(5, 6) }, nested(false));
    await scene.merge(linear('a', 'b'));
    expect(configOf(scene)).toMatchObject({ text_config: { tie_word_embeddings: false } });
  });
  it('are refused where the config says the head is untied and it is missing', async () => {
    const scene = makeScene();
    scene.model('a', embedding(1, 2), config(false));
    scene.model('b', { ...embedding(3, 4), ...head(5, 6) }, config(false));
    expect(await refusal(() => scene.merge(linear('b', 'a')))).toMatch(
      /"lm_head\.weight" is missing in a/,
    );
  });
});

describe('values that are not merged', () => {
  const opaque = (dtype: string, shape: number[], ...bytes: number[]): TensorSpec => ({
    dtype,
    shape,
    bytes: Uint8Array.from(bytes),
  });
  const w = tensor([1], [1]);

  it('are copied when equal, in any dtype and any alignment', async () => {
    const scene = makeScene();
    const tensors = {
      bool: opaque('BOOL', [3], 0, 1, 1),
      i64: opaque('I64', [1], 1, 2, 3, 4, 5, 6, 7, 8),
      half: tensor([3], [1, 2, 3], 'F16'),
      e4m3: opaque('F8_E4M3', [1], 0x7f),
      f4: opaque('F4', [4], 0x12, 0x34),
      c64: opaque('C64', [1], 1, 2, 3, 4, 5, 6, 7, 8),
      f6: opaque('F6_E2M3', [4], 1, 2, 3),
      w,
      double: tensor([1], [Math.PI], 'F64'),
      u16: opaque('U16', [1], 1, 2),
      empty: opaque('I32', [0]),
    };
    for (const name of ['a', 'b']) scene.model(name, tensors);
    await scene.merge(linear('a', 'b'));
    const merged = readFolder(scene.path('out'));
    expect([...merged.keys()].sort()).toEqual(Object.keys(tensors).sort());
    const start = readFileSync(scene.path('out/model.safetensors')).readBigUInt64LE();
    expect(Number(start) % 8).toBe(0);
    const sizes: Record<string, number> = { I64: 8, C64: 8, F64: 8, F32: 4, U16: 2, F16: 2 };
    for (const [name, spec] of Object.entries(tensors)) {
      const found = merged.get(name)!;
      expect({ dtype: found.dtype, shape: found.shape }, name).toEqual({
        dtype: spec.dtype,
        shape: spec.shape,
      });
      expect(Buffer.from(found.bytes).equals(spec.bytes), name).toBe(true);
      expect(
        (found.bytes.byteOffset - merged.get('i64')!.bytes.byteOffset) % (sizes[found.dtype] ?? 1),
        name,
      ).toBe(0);
    }
  });
  it('keep their dtype whatever the recipe says', async () => {
    const scene = makeScene();
    for (const name of ['a', 'b']) scene.model(name, { w, n: opaque('I32', [1], 1, 0, 0, 0) });
    await scene.merge({ ...linear('a', 'b'), dtype: 'bfloat16' });
    const merged = readFolder(scene.path('out'));
    expect(merged.get('w')?.dtype).toBe('BF16');
    expect(merged.get('n')?.dtype).toBe('I32');
  });
  it('tables and masks are copied from the base, not averaged', async () => {
    const scene = makeScene();
    const model = (value: number): ModelTensors => ({
      w: tensor([1], [value]),
      'h.0.attn.bias': tensor([1, 2], [1, value]),
      'layers.0.rotary_emb.inv_freq': tensor([2], [1, value]),
      position_ids: opaque('I64', [1], value, 0, 0, 0, 0, 0, 0, 0),
    });
    scene.model('a', model(1));
    scene.model('b', model(3));
    const report = await scene.merge({
      ...linear('a', 'b'),
      parameters: { normalize: false },
      dtype: 'bfloat16',
    });
    const merged = readFolder(scene.path('out'));
    expect(valuesOf(merged, 'w')).toEqual([4]);
    expect(valuesOf(merged, 'h.0.attn.bias')).toEqual([1, 1]);
    expect(merged.get('layers.0.rotary_emb.inv_freq')?.dtype).toBe('F32');
    expect(merged.get('position_ids')?.bytes[0]).toBe(1);
    expect(report.stages[0]?.notes.join('\n')).toMatch(
      /buffer .* is copied from a .*3 more|buffer .* is copied from a .*2 more/,
    );
  });
  it.each(['a', 'b'])('a buffer that only %s has', async (owner) => {
    const scene = makeScene();
    for (const name of ['a', 'b'])
      scene.model(name, {
        w,
        ...(name === owner ? { position_ids: opaque('I32', [1], 7, 0, 0, 0) } : {}),
      });
    await scene.merge(linear('a', 'b'));
    const found = readFolder(scene.path('out')).get('position_ids');
    expect(found?.bytes[0]).toBe(owner === 'a' ? 7 : undefined);
  });
});

describe('dtypes', () => {
  it.each([
    [{}, 'BF16', 'bfloat16'],
    [{ dtype: 'float16' }, 'F16', 'float16'],
    [{ dtype: 'float16', out_dtype: 'float32' }, 'F32', 'float32'],
    [{ out_dtype: 'float64' }, 'F64', 'float64'],
  ])('%j', async (setting, dtype, name) => {
    const scene = makeScene();
    const config = { 'config.json': { torch_dtype: 'float32', text_config: { dtype: 'float32' } } };
    scene.model('a', { w: tensor([1], [1], 'BF16') }, config);
    scene.model('b', { w: tensor([1], [1 + 2 ** -20]) }, config);
    await scene.merge({ ...linear('a', 'b'), ...setting });
    const merged = readFolder(scene.path('out'));
    expect(merged.get('w')?.dtype).toBe(dtype);
    expect(valuesOf(merged, 'w')).toEqual([/F32|F64/.test(dtype) ? 1 + 2 ** -21 : 1]);
    expect(JSON.parse(readFileSync(scene.path('out/config.json'), 'utf8'))).toEqual({
      torch_dtype: name,
      text_config: { dtype: name },
    });
  });
  it('the option goes before the recipe', async () => {
    const scene = makeScene();
    scene.model('a', { w: tensor([1], [1]) });
    await scene.merge({ ...linear('a'), out_dtype: 'float16' }, { dtype: 'BF16' });
    expect(readFolder(scene.path('out')).get('w')?.dtype).toBe('BF16');
  });
  it('rounds once, ties to even', async () => {
    const scene = makeScene();
    scene.model('a', { w: tensor([3], [1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -20]) });
    await scene.merge({ ...linear('a'), dtype: 'bfloat16' });
    expect(valuesOf(readFolder(scene.path('out')), 'w')).toEqual([1, 1 + 2 ** -6, 1 + 2 ** -7]);
  });
});
