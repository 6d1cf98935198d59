import { readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { patchConfigForVocabulary } from '../../../src/merge/tokenizer/configPatch.ts';
import { planTokenizer } from '../../../src/merge/tokenizer/planTokenizer.ts';
import { readVocabulary } from '../../../src/merge/tokenizer/readVocabulary.ts';
import { GOLDEN, mappedRow, readMatrix, rowOf, settingOf } from './fixtures.ts';

interface Recipe {
  readonly base_model: string;
  readonly models: { readonly model: string; readonly parameters: { readonly weight: number } }[];
  readonly tokenizer_source: string;
}

async function planGolden(name: string) {
  const recipe = parse(readFileSync(`${GOLDEN}${name}/recipe.yml`, 'utf8')) as Recipe;
  const models = await Promise.all(
    recipe.models.map(async ({ model }) => ({
      reference: model,
      vocabulary: await readVocabulary(`${GOLDEN}models/${model}`, model),
      rows: readMatrix(`${GOLDEN}models/${model}/model.safetensors`, 'lm_head.weight').rows,
      merged: true,
    })),
  );
  const base = recipe.models.findIndex(({ model }) => model === recipe.base_model);
  const setting = settingOf({ source: recipe.tokenizer_source });
  return { recipe, models, plan: planTokenizer({ setting, base, models }) };
}

describe.each(['tok-union-linear', 'tok-base-linear'])('golden %s', (name) => {
  it.each(['model.embed_tokens.weight', 'lm_head.weight'])('%s, row by token', async (tensor) => {
    const { recipe, plan } = await planGolden(name);
    const expected = await readVocabulary(`${GOLDEN}${name}/expected`, 'expected');
    const theirs = readMatrix(`${GOLDEN}${name}/expected/model.safetensors`, tensor);
    const inputs = recipe.models.map(({ model }) =>
      readMatrix(`${GOLDEN}models/${model}/model.safetensors`, tensor),
    );
    const weights = recipe.models.map(({ parameters }) => parameters.weight);
    const total = weights.reduce((a, b) => a + b, 0);

    expect(plan.rowCount).toBe(theirs.rows);
    expect([...plan.output.tokens.keys()].sort()).toEqual([...expected.tokens.keys()].sort());
    for (const [token, r] of plan.output.tokens) {
      const rows = plan.rowMaps.map((map) => mappedRow(map, r, inputs));
      rowOf(theirs, expected.tokens.get(token)!).forEach((want, j) => {
        const got = rows.reduce((sum, row, m) => sum + (weights[m]! / total) * row[j]!, 0);
        expect(Math.abs(got - want), `${token}[${j}]`).toBeLessThan(1e-6 + 1e-5 * Math.abs(want));
      });
    }
  });

  it('gives the config the same vocabulary', async () => {
    const { plan, recipe } = await planGolden(name);
    const config = JSON.parse(
      readFileSync(`${GOLDEN}models/${recipe.base_model}/config.json`, 'utf8'),
    );
    const theirs = JSON.parse(readFileSync(`${GOLDEN}${name}/expected/config.json`, 'utf8'));
    const ours = patchConfigForVocabulary(config, plan).config;
    for (const key of ['vocab_size', 'bos_token_id', 'eos_token_id'])
      expect(ours[key]).toBe(theirs[key]);
  });
});

describe('the union of the goldens', () => {
  it("keeps the base's ids and appends by recipe order, then by id", async () => {
    const { plan, models } = await planGolden('tok-union-linear');
    expect(plan.output.byId.slice(0, 128)).toEqual(models[0]!.vocabulary.byId);
    expect(plan.output.byId.slice(128)).toEqual(['xx1', 'shared', 'yy1', 'yy2']);
    expect(plan.notes).toEqual([
      'tokens added to the vocabulary of base_fp32: 2 of v1_fp32, 2 of v2_fp32',
    ]);
  });

  it('writes a tokenizer.json that loads and encodes as the expected one does', async () => {
    const { plan } = await planGolden('tok-union-linear');
    const folder = `${GOLDEN}tok-union-linear/expected/`;
    const config = JSON.parse(readFileSync(`${folder}tokenizer_config.json`, 'utf8'));
    const ours = new Tokenizer(JSON.parse(plan.files[0]!.content), config);
    const theirs = new Tokenizer(
      JSON.parse(readFileSync(`${folder}tokenizer.json`, 'utf8')),
      config,
    );
    for (const text of ['<s> xx1 shared yy1 </s>', 'shared yy2xx1', 'nothing known', '']) {
      const encoded = ours.encode(text);
      expect(encoded.tokens).toEqual(theirs.encode(text).tokens);
      expect(encoded.ids.map((id: number) => plan.output.byId[id])).toEqual(encoded.tokens);
    }
    expect(ours.encode('xx1 shared').ids).toEqual([128, 129]);
  });

  it('of the base writes nothing and says what is dropped', async () => {
    const { plan } = await planGolden('tok-base-linear');
    expect(plan.files).toEqual([]);
    expect(plan.copies).toEqual([]);
    expect(plan.omitted).toEqual([]);
    expect(plan.notes).toEqual([
      'v1_fp32: 2 tokens (from "xx1") are not in the output vocabulary; their rows are dropped',
      'v2_fp32: 3 tokens (from "yy1") are not in the output vocabulary; their rows are dropped',
    ]);
  });
});
