import { describe, expect, it } from 'vitest';
import { parsePredictions, readPredictions } from '../../../src/task/data/parsePredictions.ts';
import { labelPrediction, predictionLine } from '../../../src/task/data/prediction.ts';
import { messageOf } from '../../checkpoint/files.ts';
import { inChunks } from './inputs.ts';

const read = (content: string, name: string) => readPredictions(inChunks(content, name));

describe('a line', () => {
  it('has the keys in their order, and every digit', () => {
    expect(
      predictionLine({ probabilities: { b: 0.1 + 0.2, a: 1e-300 }, label: 'b', id: '7' }),
    ).toBe('{"id":"7","label":"b","probabilities":{"b":0.30000000000000004,"a":1e-300}}');
    expect(predictionLine({ id: 'x', label: 'b' })).toBe('{"id":"x","label":"b"}');
    expect(predictionLine({ logprob: -1.5, text: 'a\n"b"', id: '0' })).toBe(
      '{"id":"0","text":"a\\n\\"b\\"","logprob":-1.5}',
    );
    expect(predictionLine({ id: '0', text: '' })).toBe('{"id":"0","text":""}');
  });

  it.each([
    [
      { id: '3', label: 'a', probabilities: { a: Number.NaN } },
      'prediction "3": the probability of "a" is NaN, which is no number in JSON',
    ],
    [
      { id: '4', text: 'a', logprob: Number.NEGATIVE_INFINITY },
      'prediction "4": logprob is -Infinity, which is no number in JSON',
    ],
  ])('%j is refused', async (prediction, message) => {
    expect(await messageOf(() => predictionLine(prediction))).toBe(message);
  });
});

describe('a distribution', () => {
  it('becomes a prediction of its most probable label, of several the first', () => {
    const half = Math.log(0.5);
    expect(labelPrediction('1', ['x', 'y', 'z'], [Number.NEGATIVE_INFINITY, half, half])).toEqual({
      id: '1',
      label: 'y',
      probabilities: { x: 0, y: 0.5, z: 0.5 },
    });
    expect(labelPrediction('1', ['x'], [1e-12]).probabilities).toEqual({ x: 1 });
  });
});

const LABELS = {
  kind: 'labels',
  labels: ['pos', 'neg'],
  byId: new Map([
    ['a', { id: 'a', label: 'pos', probabilities: { pos: 0.75, neg: 0.25 } }],
    ['b', { id: 'b', label: 'neg', probabilities: { pos: 0, neg: 1 } }],
  ]),
};

const TEXTS = {
  kind: 'texts',
  byId: new Map([
    ['a', { id: 'a', text: 'ein "Hund"', logprob: -2.5 }],
    ['b', { id: 'b', text: '' }],
  ]),
};

describe('files', () => {
  it.each([
    [
      'a.jsonl',
      '{"id":"a","label":"pos","probabilities":{"pos":0.75,"neg":0.25}}\n' +
        '{"id":"b","label":"neg","probabilities":{"neg":1,"pos":0}}\n',
    ],
    ['a.csv', 'id,label,p:pos,p:neg\na,pos,0.75,0.25\nb,neg,0,1e0\n'],
    ['a.tsv', 'label\ttext\tp:pos\tp:neg\tid\npos\tgood\t.75\t2.5E-1\ta\nneg\tbad\t0\t 1. \tb\n'],
    ['without labels.csv', 'id,p:pos,p:neg\na,.75,.25\nb,0,1\n'],
  ])('of labels: %s', async (name, content) => {
    expect(await read(content, name)).toEqual(LABELS);
  });

  it.each([
    ['a.jsonl', '{"id":"a","text":"ein \\"Hund\\"","logprob":-2.5}\n{"id":"b","text":""}\n'],
    ['a.csv', 'id,text,logprob\na,"ein ""Hund""",-2.5\nb,,\n'],
    ['a.tsv', 'id\tlogprob\ttext\na\t-2.5\tein "Hund"\nb\t\t\n'],
  ])('of texts: %s', async (name, content) => {
    expect(await read(content, name)).toEqual(TEXTS);
  });

  it('of labels alone, whose names are then sorted', async () => {
    expect(await read('id\tlabel\n0\tpos\n1\tneg\n2\tpos\n', 'a.tsv')).toEqual({
      kind: 'labels',
      labels: ['neg', 'pos'],
      byId: new Map([
        ['0', { id: '0', label: 'pos' }],
        ['1', { id: '1', label: 'neg' }],
        ['2', { id: '2', label: 'pos' }],
      ]),
    });
  });

  it('may have any of several labels that are equally probable, and names of any kind', async () => {
    const content = 'id,label,p:constructor,p:1\n0,1,0.5,0.5\n1,constructor,0.5,0.5\n';
    const { byId } = await read(content, 'a.csv');
    expect([...byId.values()].map((each) => 'label' in each && each.label)).toEqual([
      '1',
      'constructor',
    ]);
  });

  it('may sum to 1 within a millionth', async () => {
    const content = 'id,p:a,p:b\n0,0.3333333,0.6666662\n';
    expect((await read(content, 'a.csv')).byId.size).toBe(1);
  });
});

const probabilities = (...rows: string[]) =>
  rows.map((row, i) => `{"id":"${i}",${row}}\n`).join('');

describe('refused', () => {
  it.each([
    ['a.csv', 'label\nx\n', 'a.csv:2: has no "id", by which a prediction finds its item'],
    [
      'a.csv',
      'id,label\n7,x\n7,y\n',
      'a.csv:3: the id "7" is also that of line 2; ids must differ',
    ],
    [
      'a.csv',
      'id,answer\n7,x\n',
      'a.csv:2: has neither "label" nor "probabilities" nor "text", but id, answer',
    ],
    ['a.csv', 'id,label\n7,\n', 'a.csv:2: has neither a label nor probabilities'],
    [
      'a.jsonl',
      '{"id": 1, "label": "x"}\n{"id": 2, "text": "y"}\n',
      'a.jsonl:2: predicts a text, while the rows before it predict labels; make it two files',
    ],
    [
      'a.jsonl',
      '{"id": 1, "text": "x"}\n{"id": 2, "label": "y"}\n',
      'a.jsonl:2: predicts a label, while the rows before it predict texts; make it two files',
    ],
    [
      'a.csv',
      'id,p:x,p:y\n0,1.5,-0.5\n',
      'a.csv:2: the probability of "x" is "1.5", not a number from 0 to 1',
    ],
    ['a.csv', 'id,p:x,p:y\n0,nan,1\n', 'a.csv:2: the probability of "x" is "nan", not a number'],
    ['a.csv', 'id,p:x,p:y\n0,0x1,0\n', 'a.csv:2: the probability of "x" is "0x1", not a number'],
    ['a.csv', 'id,p:x,p:y\n0,,1\n', 'a.csv:2: the probability of "x" is "", not a number'],
    [
      'a.jsonl',
      probabilities('"probabilities":{"x":null}'),
      'a.jsonl:1: the probability of "x" is null, not a number from 0 to 1',
    ],
    [
      'a.jsonl',
      probabilities('"probabilities":{"x":1e999}'),
      'a.jsonl:1: the probability of "x" is Infinity, not a number from 0 to 1',
    ],
    [
      'a.csv',
      'id,probabilities\n0,0.5\n',
      'a.csv:2: "probabilities" is "0.5", not an object; a table has a column p:<label> for each label',
    ],
    [
      'a.csv',
      'id,p:x,p:y\n0,0.5,0.5\n1,0.33,0.66\n',
      'a.csv:3: the probabilities sum to 0.99, not to 1 within 0.000001; write them with all their digits',
    ],
    [
      'a.csv',
      'id,label,p:x,p:y\n0,x,0.25,0.75\n',
      'a.csv:2: the label "x" has probability 0.25, but "y" has 0.75; the label must be the most probable one',
    ],
    [
      'a.csv',
      'id,label,p:x,p:y\n0,toString,0.25,0.75\n',
      'a.csv:2: the label "toString" has no probability, but "y" has 0.75',
    ],
    [
      'a.jsonl',
      probabilities('"probabilities":{"x":0.5,"y":0.5}', '"probabilities":{"x":0.5,"z":0.5}'),
      'a.jsonl:2: has probabilities of x, z, but line 1 has probabilities of x, y; all rows must have the same',
    ],
    [
      'a.jsonl',
      probabilities('"probabilities":{"x":1}', '"label":"x"'),
      'a.jsonl:2: has no probabilities, but line 1 has probabilities of x',
    ],
    [
      'a.jsonl',
      probabilities('"label":"x"', '"probabilities":{"x":1}'),
      'a.jsonl:2: has probabilities of x, but line 1 has no probabilities',
    ],
    [
      'a.csv',
      'id,text,logprob\n0,a,0.5\n',
      'a.csv:2: "logprob" is 0.5, above 0; it is the natural logarithm of a probability',
    ],
    ['a.csv', 'id,text,logprob\n0,a,low\n', 'a.csv:2: "logprob" is "low", not a number'],
    ['a.jsonl', '{"id":1,"text":2}\n', 'a.jsonl:1: "text" is 2, not a text'],
    ['a.csv', 'id,label\n', 'a.csv: has a header (id, label) but no rows below it'],
  ])('%s: %j', async (name, content, message) => {
    expect(await messageOf(() => read(content, name))).toContain(message);
  });
});

it('rows of elsewhere are parsed as those of files', async () => {
  async function* rows() {
    yield [{ line: 1, columnsLine: 1, fields: new Map([['id', '0']]).set('label', 'x') }];
  }
  const { byId } = await parsePredictions(rows(), 'elsewhere');
  expect(byId.get('0')).toEqual({ id: '0', label: 'x' });
});
