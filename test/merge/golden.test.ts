/**
 * Every case of test/golden: the recipe is merged and compared with what an independent
 * implementation made of it, within the tolerance that cases.json states. A new folder with a
 * recipe and an expected output is a new test.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { merge } from '../../src/merge/merge.ts';
import { readTensors, type TensorValues } from './readTensors.ts';

const GOLDEN = join(import.meta.dirname, '../golden');
const MODELS = join(GOLDEN, 'models');

interface GoldenCase {
  readonly case: string;
  readonly method: string;
  readonly tolerance: string;
}

const cases = JSON.parse(readFileSync(join(GOLDEN, 'cases.json'), 'utf8')) as GoldenCase[];

let scratch = '';
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'lmfuse-golden-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Share of the elements that may flip at a threshold. */
const FLIPS: Readonly<Record<string, number>> = { 'arcee_fusion-a-fp32': 0.001 };
const BY_TOKEN = 'tok-union-linear';

describe('golden merges', () => {
  it.each(cases)('$case', async ({ case: name, tolerance }) => {
    const out = join(scratch, name);
    await merge({ recipe: join(GOLDEN, name, 'recipe.yml'), out, currentFolder: MODELS });
    const actual = await readTensors(out);
    const expected = await readTensors(join(GOLDEN, name, 'expected'));
    expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
    const byUlps = tolerance.startsWith('at most 1 ulp');
    let elements = 0;
    let unequal = 0;
    for (const [tensor, values] of expected) {
      const ours =
        name === BY_TOKEN ? reorder(out, name, actual.get(tensor)!) : actual.get(tensor)!;
      expect(ours.dtype, tensor).toBe(values.dtype);
      expect(ours.shape, tensor).toEqual(values.shape);
      elements += values.values.length;
      if (byUlps) unequal += countUnequal(`${name}: ${tensor}`, ours, values);
      else compareClose(`${name}: ${tensor}`, ours, values, FLIPS[name] ?? 0);
    }
    expect(unequal / elements, 'share of elements that differ by an ulp').toBeLessThanOrEqual(
      0.001,
    );
  });
});

function compareClose(name: string, ours: TensorValues, theirs: TensorValues, flips: number): void {
  const wrong: string[] = [];
  ours.values.forEach((value, i) => {
    const reference = theirs.values[i]!;
    if (Math.abs(value - reference) <= 1e-6 + 1e-5 * Math.abs(reference)) return;
    wrong.push(`${name}[${i}]: ${value}, expected ${reference}`);
  });
  expect(wrong.length, wrong[0]).toBeLessThanOrEqual(flips * ours.values.length);
}

/** bfloat16: at most one unit in the last place; returns how many elements differ by one. */
function countUnequal(name: string, ours: TensorValues, theirs: TensorValues): number {
  let unequal = 0;
  ours.bits16!.forEach((bits, i) => {
    const distance = Math.abs(ordered(bits) - ordered(theirs.bits16![i]!));
    expect(distance, `${name}[${i}]`).toBeLessThanOrEqual(1);
    unequal += distance;
  });
  return unequal;
}

function ordered(bits: number): number {
  return bits & 0x8000 ? -(bits & 0x7fff) : bits;
}

/** Our rows in the order of the reference's tokens. */
function reorder(out: string, name: string, ours: TensorValues): TensorValues {
  const mine = tokenIds(out);
  const theirs = tokenIds(join(GOLDEN, name, 'expected'));
  if (ours.shape[0] !== mine.size) return ours;
  const width = ours.values.length / mine.size;
  const values = new Array<number>(ours.values.length);
  for (const [token, row] of theirs) {
    const from = mine.get(token)! * width;
    for (let j = 0; j < width; j++) values[row * width + j] = ours.values[from + j]!;
  }
  return { ...ours, values };
}

function tokenIds(folder: string): Map<string, number> {
  const json = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')) as {
    model: { vocab: Record<string, number> };
    added_tokens: { content: string; id: number }[];
  };
  const added = json.added_tokens.map(({ content, id }) => [content, id] as const);
  return new Map([...Object.entries(json.model.vocab), ...added]);
}
