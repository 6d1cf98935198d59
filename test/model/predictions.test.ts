import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LanguageModel } from '../../src/model/languageModel.ts';
import { openPredictions } from '../../src/model/predictions.ts';
import { makeFolder, messageOf } from '../checkpoint/files.ts';

const items = (...ids: string[]) => ids.map((id) => ({ id, text: `text of ${id}` }));

function open(file: string, content: string): Promise<LanguageModel> {
  return openPredictions(join(makeFolder({ [file]: content }), file), 'mine');
}

describe('a file of predictions as a model', () => {
  it('classifies by id, in the order asked for, as often as asked', async () => {
    const model = await open('p.csv', 'id,label,p:pos,p:neg\na,pos,0.75,0.25\nb,neg,0,1\n');
    expect(model.name).toBe('mine');
    expect(model.write).toBeUndefined();
    expect(model.classify?.labels).toEqual(['pos', 'neg']);
    expect(await model.classify?.logProbabilities(items('b', 'a', 'b'))).toEqual([
      Float64Array.of(Number.NEGATIVE_INFINITY, 0),
      Float64Array.of(Math.log(0.75), Math.log(0.25)),
      Float64Array.of(Number.NEGATIVE_INFINITY, 0),
    ]);
    await model.close();
  });

  it('gives the labels one order, whatever the order of a row', async () => {
    const model = await open(
      'p.jsonl',
      '{"id":1,"probabilities":{"x":0.5,"constructor":0.5}}\n' +
        '{"id":2,"probabilities":{"constructor":1,"x":0}}\n',
    );
    expect(model.classify?.labels).toEqual(['x', 'constructor']);
    expect(await model.classify?.logProbabilities(items('2'))).toEqual([
      Float64Array.of(Number.NEGATIVE_INFINITY, 0),
    ]);
  });

  it('is certain where it knows labels alone', async () => {
    const model = await open('p.tsv', 'id\tlabel\n0\tx\n1\tconstructor\n');
    expect(model.classify?.labels).toEqual(['constructor', 'x']);
    expect(await model.classify?.logProbabilities(items('0', '1'))).toEqual([
      Float64Array.of(Number.NEGATIVE_INFINITY, 0),
      Float64Array.of(0, Number.NEGATIVE_INFINITY),
    ]);
  });

  it('gives back texts', async () => {
    const model = await open(
      'p.jsonl',
      '{"id":"a","text":"ein Hund","logprob":-2.5}\n{"id":"b","text":""}\n',
    );
    expect(model.classify).toBeUndefined();
    expect(await model.write?.texts(items('b', 'a'))).toEqual([
      { text: '' },
      { text: 'ein Hund', logProbability: -2.5 },
    ]);
  });

  it('is of the format that is given', async () => {
    const folder = makeFolder({ predictions: 'id,label\n0,x\n' });
    const path = join(folder, 'predictions');
    expect((await openPredictions(path, 'p', { format: 'csv' })).classify?.labels).toEqual(['x']);
    expect(await messageOf(() => openPredictions(path, 'p'))).toContain('say what it is with');
  });
});

describe('refused', () => {
  it('an item that is not there, by its id and the file', async () => {
    const model = await open('p.csv', 'id,label\n10,x\n11,y\n');
    const message = await messageOf(() => model.classify!.logProbabilities(items('11', '12')));
    expect(message).toMatch(
      /^item "12": is not among the 2 predictions of .*p\.csv, which begin with "10"; make them/,
    );
  });

  it('an item of a file of texts', async () => {
    const model = await open('p.csv', 'id,text\n10,x\n');
    expect(await messageOf(() => model.write!.texts(items('0')))).toContain('item "0": is not');
  });

  it('what was stopped', async () => {
    const model = await open('p.csv', 'id,label\n10,x\n');
    const signal = AbortSignal.abort();
    await expect(model.classify!.logProbabilities(items('10'), { signal })).rejects.toMatchObject({
      name: 'FusionError',
      code: 'aborted',
    });
  });
});
