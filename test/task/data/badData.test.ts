import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Column } from '../../../src/task/data/columns.ts';
import { parseColumnOverrides } from '../../../src/task/data/columns.ts';
import { type ReadRecordsOptions, readRecords } from '../../../src/task/data/readRecords.ts';
import { makeFolder, messageOf } from '../../checkpoint/files.ts';
import { type Content, inChunks } from './inputs.ts';

type Case = readonly [
  what: string,
  name: string,
  content: Content,
  message: string,
  options?: ReadRecordsOptions<Column>,
];

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const required = { required: ['text', 'label'] } as const;

const BYTES: readonly Case[] = [
  [
    'bytes that are not UTF-8',
    'a.tsv',
    latin1('text\na\nb\ncaf\xe9\n'),
    'a.tsv:4: not valid UTF-8; save the file as UTF-8',
  ],
  [
    'the same after a problem of another kind',
    'a.jsonl',
    latin1('{"text": "a"}\n[]\n\xe9\n'),
    'a.jsonl:2: expected "{"',
  ],
  ['the same in a last line without end', 'a.txt', latin1('a\n\xe9'), 'a.txt:2: not valid UTF-8'],
  ['half a character at the end', 'a.txt', latin1('a\xc3'), 'a.txt:1: not valid UTF-8'],
  [
    'UTF-16',
    'a.tsv',
    Buffer.from('\ufefftext\n', 'utf16le'),
    'a.tsv:1: not valid UTF-8; it is UTF-16, so save the file as UTF-8',
  ],
  [
    'gzip without .gz',
    'a.tsv',
    gzipSync('text\na\n'),
    'a.tsv:1: not valid UTF-8; it is a gzip file, whose name must end in .gz',
  ],
  [
    '.gz without gzip',
    'a.tsv.gz',
    'text\na\n',
    'a.tsv.gz: not a whole gzip file (incorrect header',
  ],
  [
    'gzip cut short',
    'a.tsv.gz',
    gzipSync('text\na\n').subarray(0, -9),
    'a.tsv.gz: not a whole gzip file (unexpected end of file)',
  ],
];

const EMPTY: readonly Case[] = [
  ['no bytes, TSV', 'a.tsv', '', 'a.tsv: is empty; its first line must name the columns'],
  ['no bytes, CSV', 'a.csv', '\ufeff', 'a.csv: is empty; its first line must name the columns'],
  ['no bytes, JSONL', 'a.jsonl', '\n\n', 'a.jsonl: is empty; one JSON object a line is expected'],
  ['no bytes, lines', 'a.txt', '', 'a.txt: is empty; one text a line is expected'],
  [
    'header only, TSV',
    'a.tsv',
    'text\tlabel\n\n',
    'a.tsv: has a header (text, label) but no rows below it',
  ],
  ['header only, CSV', 'a.csv', 'text', 'a.csv: has a header (text) but no rows below it'],
  ['a blank header', 'a.tsv', '\na\tb\n', 'a.tsv:1: the header is blank; the first line must name'],
];

const TABLES: readonly Case[] = [
  [
    'a tab too many',
    'a.tsv',
    'text\tlabel\na\tx\nb\tc\ty\n',
    'a.tsv:3: has 3 fields, but the header has 2 (text, label); a field can hold neither a tab nor a line break',
  ],
  ['a tab too few', 'a.tsv', 'text\tlabel\na\n', 'a.tsv:2: has 1 field, but the header has 2'],
  [
    'a comma too many, after a field of two lines and blank lines',
    'a.csv',
    'text,label\r\n"a\r\nb",x\r\n\r\n\r\nc,d,y\r\n',
    'a.csv:6: has 3 fields, but the header has 2 (text, label); put fields that hold a comma',
  ],
  ['a quoted nothing', 'a.csv', 'text,label\n""\n', 'a.csv:2: has 1 field, but the header has 2'],
  [
    'the first of two problems',
    'a.csv',
    'text,label\na,x\nb\nc",y\n',
    'a.csv:3: has 1 field, but the header has 2',
  ],
  [
    'a column twice',
    'a.csv',
    'text,label,text\na,b,c\n',
    'a.csv:1: columns 1 and 3 are both called "text"; rename one',
  ],
  [
    'a quote that is not closed',
    'a.csv',
    'text,label\na,x\n\n"b,y\nc,z\n',
    'a.csv:4: a quote is opened in this row and never closed',
  ],
  [
    'a quote in the middle',
    'a.csv',
    'text,label\n5" disk,x\n',
    'a.csv:2: a quote is in the middle of a field in this row; put the field in quotes',
  ],
  [
    'more after a quote',
    'a.csv',
    'text,label\nok,x\n"a" b,x\n',
    'a.csv:3: something follows a closing quote in this row; write a quote within a field twice',
  ],
];

const COLUMN_CASES: readonly Case[] = [
  [
    'a missing column with a near one',
    'a.tsv',
    'Text\tlabel\na\tx\n',
    'a.tsv:1: no column "text"; there are Text, label (did you mean "Text"?); say which it is with --columns text=Text',
    required,
  ],
  [
    'a missing column without',
    'a.csv',
    'sentence,label\na,x\n',
    'a.csv:1: no column "text"; there are sentence, label; say which it is with --columns text=...',
    required,
  ],
  [
    'a near one that a shell would cut',
    'a.csv',
    'text 1,label\na,x\n',
    `(did you mean "text 1"?); say which it is with --columns 'text=text 1'`,
    required,
  ],
  [
    'a missing key',
    'a.jsonl',
    '{"text": "a", "label": "x"}\n{"text": "b", "lable": "x"}\n',
    'a.jsonl:2: no column "label"; there are text, lable (did you mean "lable"?); say which it is with --columns label=lable',
    required,
  ],
  [
    'a label for plain lines',
    'a.txt',
    'a\n',
    'a.txt:1: no column "label"; there is text; say which it is with --columns label=...',
    required,
  ],
  [
    'a given column that is not there',
    'a.tsv',
    'sentence\na\n',
    'a.tsv:1: no column "sentense", which --columns gives for "text"; there is sentence (did you mean "sentence"?); say which it is with --columns text=sentence',
    { columns: { text: 'sentense' } },
  ],
  [
    'a required label that is empty',
    'a.tsv',
    'text\tlabel\na\t\n',
    'a.tsv:2: "label" is empty; every row needs one',
    required,
  ],
  [
    'an id that is empty',
    'a.tsv',
    'id\ttext\n\ta\n',
    'a.tsv:2: "id" is empty; every row needs one',
  ],
  [
    'an id twice',
    'a.tsv',
    'id\ttext\nq\ta\nr\tb\nq\tc\n',
    'a.tsv:4: the id "q" is also that of line 2; ids must differ',
  ],
  [
    'an id that is the number of a row',
    'a.jsonl',
    '{"text": "a"}\n{"text": "b", "id": 0}\n',
    'a.jsonl:2: the id "0" is also that of line 1; ids must differ',
  ],
];

const JSON_CASES: readonly Case[] = [
  ['a list', 'a.jsonl', '[]\n', 'a.jsonl:1: expected "{" at character 0, but found "["'],
  ['an object cut short', 'a.jsonl', '{}\n{"text": "a"\n', 'a.jsonl:2: expected "," or "}"'],
  ['two objects a line', 'a.jsonl', '{}{}\n', 'a.jsonl:1: expected the end at character 2'],
  [
    'a key twice',
    'a.jsonl',
    '{"text": "a", "text": "b"}\n',
    'a.jsonl:1: the key "text" appears twice',
  ],
  ['half a pair', 'a.jsonl', '{"text": "\\ud800"}\n', 'holds half a surrogate pair'],
  ['a text that is a number', 'a.jsonl', '{"text": 5}\n', 'a.jsonl:1: "text" is 5, not a text'],
  ['a label that is a list', 'a.jsonl', '{"label": []}\n', '"label" is a list, not a name'],
  ['a group that is an object', 'a.jsonl', '{"group": {}}\n', '"group" is an object, not a name'],
  [
    'an id that loses digits',
    'a.jsonl',
    '{"id": 12345678901234567890}\n',
    'a.jsonl:1: "id" is the number 12345678901234567000, of which digits are lost; write it in quotes',
  ],
];

describe.each<readonly [string, readonly Case[]]>([
  ['bytes', BYTES],
  ['files without rows', EMPTY],
  ['tables', TABLES],
  ['columns', COLUMN_CASES],
  ['JSON', JSON_CASES],
])('%s', (_, cases) => {
  it.each(cases.map((each) => [each[0], each] as const))('%s', async (_what, each) => {
    const [, name, content, message, options = {}] = each;
    const found = await messageOf(() => readRecords(inChunks(content, name), options));
    expect(found).toContain(message);
    expect(found.startsWith(`${name}:`)).toBe(true);
    expect(await messageOf(() => readRecords(inChunks(content, name, 1e6), options))).toBe(found);
  });
});

describe('files', () => {
  it('that are not there, or are folders', async () => {
    const folder = makeFolder();
    const absent = join(folder, 'absent.tsv');
    expect(await messageOf(() => readRecords(absent))).toBe(`${absent}: cannot be read (ENOENT)`);
    expect(await messageOf(() => readRecords(`${absent}.gz`))).toBe(
      `${absent}.gz: cannot be read (ENOENT)`,
    );
    expect(await messageOf(() => readRecords(folder, { format: 'tsv' }))).toBe(
      `${folder}: cannot be read (EISDIR)`,
    );
  });

  it('whose ending tells nothing', async () => {
    expect(await messageOf(() => readRecords('data.parquet'))).toBe(
      'data.parquet: its ending is none of .tsv, .csv, .jsonl, .ndjson, .txt (or those with .gz); say what it is with --format tsv, csv, jsonl or text',
    );
  });

  it('with a line without end', async () => {
    const block = Buffer.alloc(2 ** 24, 'a');
    const bytes = [Buffer.from('text\n'), block, block, block, block, block];
    expect(await messageOf(() => readRecords({ name: 'a.tsv', bytes }))).toBe(
      'a.tsv: has a line of more than 67108864 bytes; is it what its ending says?',
    );
  });
});

describe('--columns', () => {
  it('maps our names to theirs', () => {
    expect(parseColumnOverrides('text=sentence,label=polarity')).toEqual({
      text: 'sentence',
      label: 'polarity',
    });
    expect(parseColumnOverrides(' source=a=b, id= n ')).toEqual({ source: 'a=b', id: ' n ' });
  });

  it.each([
    ['', '--columns: "" is not of the form name=column, such as text=sentence,label=polarity'],
    ['text', '--columns: "text" is not of the form name=column'],
    ['text=', '--columns: "text=" is not of the form name=column'],
    ['text=a,', '--columns: "" is not of the form name=column'],
    [
      'lable=x',
      '--columns: "lable" is none of id, group, text, label, source, target (did you mean "label"?); write our name first, then the column of the file',
    ],
    ['sentence=text', '--columns: "sentence" is none of id, group, text, label, source, target; '],
    ['text=a,text=b', '--columns: "text" is given twice, as "a" and "b"'],
  ])('%j is refused', async (text, message) => {
    expect(await messageOf(() => parseColumnOverrides(text))).toContain(message);
  });
});
