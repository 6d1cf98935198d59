import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TensorDifference } from '../../src/checkpoint/compareCheckpoints.ts';
import { type DiffOrder, sortDifferences } from '../../src/cli/diffOrder.ts';
import { addFiles, FORMATS, zeros } from '../checkpoint/files.ts';
import { runMain, scratchFolder } from './runMain.ts';

describe('lmfuse inspect', () => {
  it('prints a summary, also as JSON', async () => {
    const text = await runMain(['inspect', 'b_fp32']);
    expect([text.code, text.stderr]).toEqual([0, '']);
    expect(text.stdout).toMatch(/^checkpoint {4}b_fp32\n/);
    expect(text.stdout).toContain('model-00002-of-00002.safetensors');
    const json = await runMain(['inspect', 'b_fp32', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ reference: 'b_fp32', parameters: 26784 });
  });

  it('finds models in the Hugging Face cache that the environment names', async () => {
    const cache = scratchFolder();
    const snapshot = 'models--org--name/snapshots/0123456789abcdef0123456789abcdef01234567';
    addFiles(cache, {
      [`${snapshot}/model.safetensors`]: zeros({ name: 'w', dtype: 'F32', shape: [3] }),
      'models--org--name/refs/main': '0123456789abcdef0123456789abcdef01234567',
    });
    const { code, stdout } = await runMain(['inspect', 'org/name', '--json'], {
      env: { HF_HUB_CACHE: cache },
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout).parameters).toBe(3);
  });

  it.each([
    ['nowhere', /model "nowhere": not found in /],
    [join(FORMATS, 'hostile/st_overlap.safetensors'), /st_overlap\.safetensors/],
    [join(FORMATS, 'hostile/os_system.bin'), /os_system\.bin/],
  ])('%s: exit code 2 and one sentence', async (reference, message) => {
    const { code, stdout, stderr } = await runMain(['inspect', reference]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });
});

describe('lmfuse diff', () => {
  it('prints a table, most changed first, and totals', async () => {
    const { code, stdout, stderr } = await runMain(['diff', 'base_fp32', 'a_fp32', '--limit', '3']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatchInlineSnapshot(`
      "a  base_fp32
      b  a_fp32

      tensor                                    cosine  |b - a|   / |a|  unchanged
      model.layers.0.self_attn.k_proj.weight  0.993927   0.1174  0.1103        0 %
      model.layers.1.mlp.up_proj.weight       0.994562   0.2342  0.1047        0 %
      model.layers.1.self_attn.v_proj.weight  0.994614   0.1173  0.1051        0 %
      18 more rows: --limit 0 shows all

      21 tensors, 26,784 elements compared: 0 % unchanged
      cosine 0.998528, |b - a| 0.8227, |b - a| / |a| 0.05430
      "
    `);
  });

  it('prints what does not match', async () => {
    const folder = scratchFolder();
    addFiles(folder, {
      'a.safetensors': zeros(
        { name: 'same', dtype: 'I64', shape: [2] },
        { name: 'shape', dtype: 'F32', shape: [2, 3] },
        { name: 'odd\u001b[31m', dtype: 'F32', shape: [1] },
      ),
      'b.safetensors': zeros(
        { name: 'same', dtype: 'I64', shape: [2] },
        { name: 'shape', dtype: 'F32', shape: [3, 2] },
        ...[1, 2, 3].map((i) => ({ name: `x${i}`, dtype: 'BF16', shape: [i] }) as const),
      ),
    });
    const { code, stdout } = await runMain(
      ['diff', 'a.safetensors', 'b.safetensors', '--limit', '2'],
      {
        currentFolder: folder,
      },
    );
    expect(code).toBe(0);
    expect(stdout).toMatchInlineSnapshot(`
      "a  a.safetensors
      b  b.safetensors

      tensor  cosine  |b - a|  / |a|  unchanged
      same         -        -      -      100 %

      do not match, not compared (1):
        shape  F32 [2, 3] in a, F32 [3, 2] in b

      only in a (1):
        odd\\u001b[31m  F32 [1]

      only in b (3):
        x1  BF16 [1]
        x2  BF16 [2]
        and 1 more

      1 tensor, 2 elements compared: 100 % unchanged
      "
    `);
  });

  it('says that a model is identical to itself', async () => {
    const { stdout } = await runMain(['diff', 'a_bf16', 'a_bf16']);
    expect(stdout).toMatch(/21 tensors, 26,784 elements compared: identical\n$/);
    expect(stdout).toMatch(/model\.norm\.weight +1 +0 +0 +100 %\n/);
  });

  it.each([60, 80, 100])('keeps to a terminal of %d columns', async (columns) => {
    const { stdout } = await runMain(['diff', 'base_fp32', 'b_fp32'], { columns });
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
    expect(stdout.includes('…')).toBe(columns < 100);
  });

  it('prints all tensors as JSON, sorted', async () => {
    const { code, stdout, stderr } = await runMain(
      ['diff', 'base_fp32', 'deep_base_fp32', '--json', '--sort', 'relative'],
      { columns: 80 },
    );
    expect([code, stderr]).toEqual([0, '']);
    const found = JSON.parse(stdout);
    expect(Object.keys(found)).toEqual([
      ...['a', 'b', 'tensors', 'total', 'mismatches', 'onlyInA', 'onlyInB'],
    ]);
    expect([found.a, found.b]).toEqual(['base_fp32', 'deep_base_fp32']);
    expect(found.tensors).toHaveLength(21);
    expect(found.tensors[0]).toEqual({
      name: 'lm_head.weight',
      shape: expect.any(Array),
      dtypeA: 'F32',
      dtypeB: 'F32',
      elements: expect.any(Number),
      unchanged: 0,
      unchangedShare: 0,
      cosine: expect.any(Number),
      normA: expect.any(Number),
      normB: expect.any(Number),
      deltaNorm: expect.any(Number),
      relativeDelta: expect.any(Number),
      nonFinite: 0,
    });
    const deltas = found.tensors.map((each: TensorDifference) => each.relativeDelta);
    expect(deltas).toEqual(deltas.toSorted((x: number, y: number) => y - x));
  });

  it('limits the tensors of the JSON only when told to', async () => {
    const { stdout } = await runMain(['diff', 'a_fp32', 'b_fp32', '--json', '--limit', '5']);
    expect(JSON.parse(stdout).tensors).toHaveLength(5);
  });

  it('stops at an interrupt with 130', async () => {
    const folder = scratchFolder();
    const weights = zeros({ name: 'w', dtype: 'F32', shape: [5] });
    addFiles(folder, { 'a.safetensors': weights });
    const { code, stdout, stderr } = await runMain(['diff', 'a.safetensors', 'a.safetensors'], {
      currentFolder: folder,
      interruptWith: ['SIGINT'],
    });
    expect([code, stdout, stderr]).toEqual([130, '', 'the comparison was stopped\n']);
  });
});

describe('sortDifferences', () => {
  const difference = (name: string, cosine: number | null, deltaNorm: number | null) =>
    ({
      ...{ name, cosine, deltaNorm, relativeDelta: deltaNorm === null ? null : deltaNorm / 7 },
      unchangedShare: cosine === null ? null : 1 - Math.abs(cosine),
    }) as TensorDifference;
  const list = [
    difference('layers.10.w', 0.5, 3),
    difference('layers.2.w', -0.25, 1),
    difference('opaque', null, null),
    difference('layers.1.w', 0.5, 2),
  ];
  const sorted = (order: DiffOrder) =>
    sortDifferences(list, order).map(({ name }) => name.replace('layers.', ''));

  it.each([
    ['cosine', ['2.w', '10.w', '1.w', 'opaque']],
    ['delta', ['10.w', '1.w', '2.w', 'opaque']],
    ['relative', ['10.w', '1.w', '2.w', 'opaque']],
    ['unchanged', ['10.w', '1.w', '2.w', 'opaque']],
    ['name', ['1.w', '2.w', '10.w', 'opaque']],
  ] as const)('%s', (order, names) => {
    expect(sorted(order)).toEqual(names);
  });
});
