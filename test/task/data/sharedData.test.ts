/**
 * The data of ../shared/data, which is not part of the repository: every row of every file against a
 * reading that knows nothing but lines and tabs. Skipped where the folder is absent.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readRecords } from '../../../src/task/data/readRecords.ts';

const DATA = join(import.meta.dirname, '../../../../shared/data');

function plainly(path: string): string[][] {
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const lines = text.split('\n').map((line) => line.split('\t'));
  return lines.slice(0, text.endsWith('\n') ? -1 : undefined);
}

describe.skipIf(!existsSync(DATA))('real data (skipped without ../shared/data)', () => {
  it.each([
    ['sst2/train.tsv', 6920],
    ['sst2/dev.tsv', 872],
    ['sst2/test.tsv', 1821],
    ['trec/train.tsv', 5452],
    ['trec/test.tsv', 500],
    ['ag_news/train.tsv', 6000],
    ['ag_news/dev.tsv', 600],
    ['ag_news/test.tsv', 1000],
  ])('%s', async (file, count) => {
    const examples = await readRecords(join(DATA, file), { required: ['text', 'label'] });
    expect(examples).toHaveLength(count);
    const [header, ...rows] = plainly(join(DATA, file));
    expect(header).toEqual(['text', 'label']);
    expect(examples.map(({ text, label }) => [text, label])).toEqual(rows);
    expect(examples.at(-1)?.id).toBe(String(count - 1));
  });

  it.each([
    ['multi30k/train.tsv', 29000],
    ['multi30k/val.tsv', 1014],
    ['multi30k/test2016.tsv', 1000],
  ])('%s', async (file, count) => {
    const examples = await readRecords(join(DATA, file), { required: ['source', 'target'] });
    expect(examples).toHaveLength(count);
    const [, ...rows] = plainly(join(DATA, file));
    expect(examples.map(({ source, target }) => [source, target])).toEqual(rows);
  });

  it.each([
    ['wmt17/newstest2017.en-de.tsv.gz', 1000, 'reference'],
    ['routellm_gsm8k/responses.tsv.gz', 1319, 'prompt'],
  ])('%s: other columns, compressed', async (file, count, text) => {
    const path = join(DATA, file);
    const examples = await readRecords(path, { columns: { text }, required: ['text'] });
    expect(examples).toHaveLength(count);
    const [header, ...rows] = plainly(path);
    expect([text, ...Object.keys(examples[0]!.extra)]).toEqual(header);
    expect(examples.map((each) => [each.text, ...Object.values(each.extra)])).toEqual(rows);
  });
});
