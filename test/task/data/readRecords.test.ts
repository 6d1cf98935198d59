import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Column } from '../../../src/task/data/columns.ts';
import { textInput } from '../../../src/task/data/input.ts';
import {
  type Example,
  type ReadRecordsOptions,
  readRecords,
  streamRecords,
} from '../../../src/task/data/readRecords.ts';
import { makeFolder } from '../../checkpoint/files.ts';
import { type Content, inChunks } from './inputs.ts';

const read = (content: Content, name: string, options: ReadRecordsOptions<Column> = {}) =>
  readRecords(inChunks(content, name), options);

const texts = (examples: readonly Example[]) => examples.map(({ text }) => text);

describe('TSV', () => {
  it('has a header and one row a line', async () => {
    expect(await read('text\tlabel\ngood film\tpositive\ndull\tnegative\n', 'a.tsv')).toEqual([
      { id: '0', text: 'good film', label: 'positive', extra: {} },
      { id: '1', text: 'dull', label: 'negative', extra: {} },
    ]);
  });

  it('has no quoting: a quote, a comma and a backslash are characters', async () => {
    const [example] = await read('text\tlabel\n"a, b\\t c""\t"x"\n', 'a.tsv');
    expect(example).toEqual({ id: '0', text: '"a, b\\t c""', label: '"x"', extra: {} });
  });

  it('takes CR LF, a byte order mark, and a last line without its end', async () => {
    const examples = await read('\ufefftext\tlabel\r\na\tx\r\n\ufeffb\ty', 'a.tsv');
    expect(examples.map(({ text, label }) => [text, label])).toEqual([
      ['a', 'x'],
      ['\ufeffb', 'y'],
    ]);
  });

  it('passes over blank lines, which in one column are empty texts', async () => {
    expect(texts(await read('text\tlabel\n\na\tx\n\nb\ty\n\n', 'a.tsv'))).toEqual(['a', 'b']);
    expect(texts(await read('text\na\n\nb\n', 'a.tsv'))).toEqual(['a', '', 'b']);
  });

  it('keeps empty fields: an empty text is a text, an empty label or group is none', async () => {
    expect(await read('text\tlabel\tgroup\n\t\t\n', 'a.tsv')).toEqual([
      { id: '0', text: '', extra: {} },
    ]);
  });
});

describe('CSV', () => {
  it('quotes fields with commas, line breaks and doubled quotes', async () => {
    const content = 'text,label\r\n"a, ""b""\r\nc",x\r\n\r\nplain,"y"\n';
    expect(await read(content, 'a.csv')).toEqual([
      { id: '0', text: 'a, "b"\r\nc', label: 'x', extra: {} },
      { id: '1', text: 'plain', label: 'y', extra: {} },
    ]);
  });

  it('takes empty fields, quoted or not, and a byte order mark', async () => {
    expect(texts(await read('\ufeffid,text\n1,\n2,""\n', 'a.csv'))).toEqual(['', '']);
    expect(texts(await read('text\n""\n\na\n', 'a.csv'))).toEqual(['', 'a']);
  });
});

describe('JSONL', () => {
  it('has an object a line', async () => {
    const content = '{"text": "a\\tb\\u00e9", "label": "x"}\n\n{"label": "y", "text": ""}\r\n';
    expect(await read(content, 'a.jsonl')).toEqual([
      { id: '0', text: 'a\tbé', label: 'x', extra: {} },
      { id: '1', text: '', label: 'y', extra: {} },
    ]);
  });

  it('takes numbers and booleans as labels, ids and groups, and null as absent', async () => {
    const content =
      '{"id": 7, "label": 1, "group": true, "text": null}\n{"id": "b", "label": 0.5}\n';
    expect(await read(content, 'a.ndjson')).toEqual([
      { id: '7', label: '1', group: 'true', extra: {} },
      { id: 'b', label: '0.5', extra: {} },
    ]);
  });

  it('keeps values of other keys as they are', async () => {
    const content = '{"text": "a", "meta": {"n": [1, null]}, "__proto__": "x", "score": 0.25}';
    const [example] = await read(content, 'a.jsonl');
    expect(JSON.stringify(example?.extra)).toBe(
      '{"meta":{"n":[1,null]},"__proto__":"x","score":0.25}',
    );
  });
});

describe('plain lines', () => {
  it('are texts, blank ones too', async () => {
    expect(await read('a "b"\tc\r\n\n{}', 'a.txt')).toEqual([
      { id: '0', text: 'a "b"\tc', extra: {} },
      { id: '1', text: '', extra: {} },
      { id: '2', text: '{}', extra: {} },
    ]);
  });

  it('are what bytes without a format are; the columns say what they mean', async () => {
    expect(await read('eins\nzwei\n', 'standard input', { columns: { source: 'text' } })).toEqual([
      { id: '0', text: 'eins', source: 'eins', extra: {} },
      { id: '1', text: 'zwei', source: 'zwei', extra: {} },
    ]);
  });
});

describe('columns', () => {
  it('are source, target, id and group as well, and whatever else there is', async () => {
    const content = 'target\tid\tsource\tgroup\tdomain\na dog\tx1\tein Hund\tg\tnews\n';
    expect(await read(content, 'a.tsv')).toEqual([
      { id: 'x1', source: 'ein Hund', target: 'a dog', group: 'g', extra: { domain: 'news' } },
    ]);
  });

  it('may have other names; a column of our name is then one of the others', async () => {
    const columns = { text: 'sentence', label: 'polarity' };
    const content = 'sentence,polarity,text\na,1,t\n';
    expect(await read(content, 'a.csv', { columns })).toEqual([
      { id: '0', text: 'a', label: '1', extra: { text: 't' } },
    ]);
    expect(
      await read('{"sentence": "a", "polarity": 1}', 'a.jsonl', { columns, required: ['label'] }),
    ).toEqual([{ id: '0', text: 'a', label: '1', extra: {} }]);
  });

  it('that are required are there in the type', async () => {
    const examples = await readRecords(textInput('text\na\n', 'a.tsv'), { required: ['text'] });
    expectTypeOf(examples[0]!.text).toEqualTypeOf<string>();
    expectTypeOf(examples[0]!.label).toEqualTypeOf<string | undefined>();
    expect(examples[0]!.text).toBe('a');
  });
});

describe('the format', () => {
  it('is known from the ending, with .gz too, or given', async () => {
    const folder = makeFolder({
      'a.TSV': 'text\nfrom tsv\n',
      'b.csv.gz': gzipSync('text\n"from, csv"\n'),
      'c.ndjson': '{"text": "from jsonl"}\n',
      'd.txt.gz': Buffer.concat([gzipSync('one\ntw'), gzipSync('o\n')]),
      'e.data': 'text\tlabel\nfrom e\tx\n',
    });
    const at = (name: string, options = {}) => readRecords(join(folder, name), options).then(texts);
    expect(await at('a.TSV')).toEqual(['from tsv']);
    expect(await at('b.csv.gz')).toEqual(['from, csv']);
    expect(await at('c.ndjson')).toEqual(['from jsonl']);
    expect(await at('d.txt.gz')).toEqual(['one', 'two']);
    expect(await at('e.data', { format: 'tsv' })).toEqual(['from e']);
    expect(await at('a.TSV', { format: 'text' })).toEqual(['text', 'from tsv']);
  });

  it('of bytes is that of their name', async () => {
    expect(texts(await readRecords(inChunks(gzipSync('text\nx\n'), 'a.tsv.gz')))).toEqual(['x']);
  });
});

describe('files without rows', () => {
  it.each(['a.tsv', 'a.csv', 'a.jsonl', 'a.txt'])('%s: taken where that is said', async (name) => {
    expect(await read('', name, { mayBeEmpty: true })).toEqual([]);
    expect(await read('\ufeff', name, { mayBeEmpty: true })).toEqual([]);
  });

  it('may have a header', async () => {
    expect(await read('text\tlabel\n', 'a.tsv', { mayBeEmpty: true })).toEqual([]);
    expect(await read('text,label', 'a.csv', { mayBeEmpty: true })).toEqual([]);
  });
});

describe('streaming', () => {
  it('gives examples before the input ends, and lets go of it when told to stop', async () => {
    let isClosed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.from('text\n');
        for (let i = 0; ; i++) yield Buffer.from(`row ${i}\n`);
      } finally {
        isClosed = true;
      }
    }
    const found: (string | undefined)[] = [];
    for await (const batch of streamRecords({ name: 'a.tsv', bytes: endless() })) {
      found.push(...texts(batch));
      if (found.length >= 3) break;
    }
    expect(found.slice(0, 3)).toEqual(['row 0', 'row 1', 'row 2']);
    expect(isClosed).toBe(true);
  });
});
