import { existsSync, readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import { planTokenizer } from '../../../src/merge/tokenizer/planTokenizer.ts';
import { readVocabulary } from '../../../src/merge/tokenizer/readVocabulary.ts';
import { isIdentityMap } from '../../../src/merge/tokenizer/rowMap.ts';
import { sameVocabulary } from '../../../src/merge/tokenizer/vocabulary.ts';
import { settingOf } from './fixtures.ts';

const FOLDER = new URL('../../../../shared/models/', import.meta.url).pathname;
const MODELS = existsSync(FOLDER) ? FOLDER : undefined;
const TEXTS = [
  'A man in a blue shirt is standing on a ladder, cleaning windows.',
  'The government announced international negotiations about economic responsibility.',
  'Ein Mann spielt Gitarre; 3.14 und $5!',
];

async function model(name: string) {
  const vocabulary = await readVocabulary(`${MODELS}${name}`, name);
  const config = JSON.parse(readFileSync(`${MODELS}${name}/config.json`, 'utf8'));
  return { reference: name, vocabulary, rows: config.vocab_size as number, merged: true };
}

describe.skipIf(!MODELS)('real models (skipped: ../shared/models is absent)', () => {
  it('fine-tuned from one base need no permutation', async () => {
    const models = [await model('llama-base-tiny'), await model('llama-captions')];
    expect(sameVocabulary(models[0]!.vocabulary, models[1]!.vocabulary)).toBe(true);
    const plan = planTokenizer({ setting: settingOf({}), base: 0, models });
    expect(plan.rowMaps.every((map, m) => isIdentityMap(map, m, 4000))).toBe(true);
    expect([plan.files, plan.notes]).toEqual([[], []]);
  });

  it('the rows of a union are those of the tokens', async () => {
    const models = [await model('gpt2-tiny'), await model('marian-de-en-a')];
    const plan = planTokenizer({ setting: settingOf({}), base: 0, models });
    const [a, b] = models.map(({ vocabulary }) => vocabulary.tokens);
    expect(plan.rowCount).toBe(new Set([...a!.keys(), ...b!.keys()]).size);
    for (const [token, r] of plan.output.tokens) {
      plan.rowMaps.forEach((map, m) => {
        const own = [a, b][m]!.get(token);
        const got = [map.model[r], map.row[r]];
        expect(got).toEqual(own !== undefined ? [m, own] : [1 - m, [a, b][1 - m]!.get(token)]);
      });
    }
  });

  // The merges of gpt2-tiny begin with those of llama-captions: an extended vocabulary.
  it.each([
    ['llama-captions', 'gpt2-tiny', 'gpt2-tiny'],
    ['marian-de-en-a', 'llama-captions', 'marian-de-en-a'],
    ['gpt2-tiny', 'marian-de-en-a', 'gpt2-tiny'],
  ])('the union of %s and %s splits text as %s does', async (first, second, like) => {
    const models = [await model(first), await model(second)];
    const plan = planTokenizer({ setting: settingOf({}), base: 0, models });
    const { vocabulary } = models[0]!;
    const written = JSON.parse(plan.files.find(({ name }) => name === 'tokenizer.json')!.content);
    const union = new Tokenizer(written, vocabulary.tokenizerConfig!);
    const other = (await model(like)).vocabulary;
    const alone = new Tokenizer(other.tokenizerJson!, other.tokenizerConfig!);
    for (const text of TEXTS) {
      const { ids, tokens } = union.encode(text);
      expect(tokens).toEqual(alone.encode(text).tokens);
      expect(ids.map((id: number) => plan.output.byId[id])).toEqual(tokens);
      expect(union.decode(ids)).toBe(alone.decode(alone.encode(text).ids));
    }
  });

  it('a vocabulary that holds the other needs no new files', async () => {
    const models = [await model('gpt2-tiny'), await model('llama-captions')];
    const plan = planTokenizer({ setting: settingOf({}), base: 0, models });
    expect([plan.files, plan.notes, plan.rowCount]).toEqual([[], [], 6000]);
    expect(isIdentityMap(plan.rowMaps[1]!, 1, 6000)).toBe(false);
  });
});
