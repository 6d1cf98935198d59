import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ngramFeatures } from '../../src/train/ngramFeatures.ts';
import {
  classifyTexts,
  mostProbableLabel,
  trainTextClassifier,
  untrainedClassifier,
} from '../../src/train/textClassifier.ts';
import {
  readTextClassifier,
  writeTextClassifier,
} from '../../src/train/textClassifierCheckpoint.ts';

const features = { maxWordNgram: 1, charNgrams: [2, 3], buckets: 256 } as const;
const texts = [
  ['the ship sailed over the sea', 'sea'],
  ['waves and wind at sea', 'sea'],
  ['the cow stands in the field', 'land'],
  ['a farmer ploughs his field', 'land'],
] as const;
const examples = texts.map(([text, label]) => ({ features: ngramFeatures(text, features), label }));
const untrained = untrainedClassifier(['sea', 'land'], features);
const settings = { epochs: 20, learningRate: 1, l2: 1e-4, seed: 1 };

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lmfuse-classifier-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function withConfig(name: string, change: (config: Record<string, unknown>) => void) {
  const path = join(folder, name);
  await writeTextClassifier(path, untrained);
  const config = JSON.parse(await readFile(join(path, 'config.json'), 'utf8'));
  change(config);
  await writeFile(join(path, 'config.json'), JSON.stringify(config));
  return path;
}

describe('text classifier', () => {
  it('knows nothing untrained, learns, and can be continued', () => {
    expect([...classifyTexts(untrained, ['sea'])[0]!]).toEqual([0.5, 0.5]);
    const trained = trainTextClassifier(examples, untrained, settings);
    const answers = classifyTexts(
      trained,
      texts.map(([text]) => text),
    );
    expect(answers.map((p) => mostProbableLabel(trained, p))).toEqual(texts.map(([, l]) => l));
    const continued = trainTextClassifier(examples, trained, { ...settings, epochs: 1 });
    expect(continued.weight).not.toEqual(trained.weight);
    expect(untrained.weight.every((w) => w === 0)).toBe(true);
  });

  it('is the same after being written and read, and the same bytes each time', async () => {
    const trained = trainTextClassifier(examples, untrained, settings);
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    await writeTextClassifier(first, trained);
    await writeTextClassifier(second, trainTextClassifier(examples, untrained, settings));
    expect(await readTextClassifier(first)).toEqual(trained);
    for (const file of ['config.json', 'model.safetensors']) {
      expect(await readFile(join(first, file))).toEqual(await readFile(join(second, file)));
    }
  });

  it('lays a class out as a row of the weight', async () => {
    const trained = trainTextClassifier(examples.slice(0, 1), untrained, {
      ...settings,
      epochs: 1,
    });
    const { indices, values } = examples[0]!.features;
    // One step from zero: the gradient is (p - y) x with p = 1/2.
    indices.forEach((bucket, i) => {
      expect(trained.weight[bucket]).toBeCloseTo(0.5 * values[i]!, 6);
      expect(trained.weight[256 + bucket]).toBeCloseTo(-0.5 * values[i]!, 6);
    });
  });

  it('says what is wrong with a folder that holds no such model', async () => {
    const wrongType = await withConfig('type', (config) => {
      config.model_type = 'bert';
    });
    await expect(readTextClassifier(wrongType)).rejects.toThrow(/config\.json: model_type/);
    const gap = await withConfig('gap', (config) => {
      config.id2label = { 0: 'sea', 2: 'land' };
    });
    await expect(readTextClassifier(gap)).rejects.toThrow(/no label for 1/);
    const more = await withConfig('more', (config) => {
      config.id2label = { 0: 'a', 1: 'b', 2: 'c' };
    });
    await expect(readTextClassifier(more)).rejects.toThrow(/F32 \[2, 256\].*F32 \[3, 256\]/);
    const huge = await withConfig('huge', (config) => {
      config.ngram_features = { max_word_ngram: 1, char_ngrams: [2, 3], buckets: 1e300 };
    });
    await expect(readTextClassifier(huge)).rejects.toThrow(/buckets/);
  });

  it('refuses labels that it does not know, and sets that are none', () => {
    const air = [{ features: examples[0]!.features, label: 'air' }];
    expect(() => trainTextClassifier(air, untrained, settings)).toThrow('label "air"');
    expect(() => untrainedClassifier(['x', 'x'])).toThrow(/different/);
  });
});
