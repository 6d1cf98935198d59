/** Round trips through writers that share nothing with the readers, and input at random. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FusionError } from '../../../src/errors.ts';
import { DATA_FORMATS, type DataFormat } from '../../../src/task/data/format.ts';
import { readPredictions } from '../../../src/task/data/parsePredictions.ts';
import { type Prediction, predictionLine } from '../../../src/task/data/prediction.ts';
import { type Example, readRecords } from '../../../src/task/data/readRecords.ts';
import { inChunks } from './inputs.ts';

/** Any characters, half surrogate pairs aside, with those that matter to a format often. */
const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom('"', ',', '\t', '\r', '\n', '\ufeff', '\\', ' ', '\u2028', '😀'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});
const tsvText = anyText.map((text) => text.replace(/[\t\r\n]/g, ' '));
const name = (text: fc.Arbitrary<string>) => text.filter((each) => each !== '');

const examplesOf = (text: fc.Arbitrary<string>) =>
  fc.uniqueArray(
    fc.record({
      id: name(text),
      group: name(text),
      text,
      label: name(text),
      source: text,
      extra: fc.record({ note: text, __proto__: text }),
    }),
    { selector: ({ id }) => id, minLength: 1, maxLength: 8 },
  ) as fc.Arbitrary<Example[]>;

type Fields = readonly (readonly [string, string])[];

const fieldsOf = ({ extra, ...ours }: Example) =>
  [...Object.entries(ours), ...Object.entries(extra)] as Fields;

function table(rows: readonly Fields[], write: (cells: string[]) => string, end: string): string {
  const lines = [rows[0]!.map(([column]) => column), ...rows.map((row) => row.map(([, v]) => v))];
  return lines.map((cells) => write(cells) + end).join('');
}

const csvCell = (text: string) =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
const toTsv = (rows: readonly Fields[], end: string) => table(rows, (c) => c.join('\t'), end);
const toCsv = (rows: readonly Fields[], end: string) =>
  table(rows, (c) => c.map(csvCell).join(','), end);
const toJsonl = (rows: readonly Fields[], end: string) =>
  rows.map((row) => JSON.stringify(Object.fromEntries(row)) + end).join('');

const lineEnd = fc.constantFrom('\n', '\r\n');
const chunkSize = fc.integer({ min: 1, max: 40 });

describe('what is written is read', () => {
  it.each([
    ['tsv', tsvText, toTsv],
    ['csv', anyText, toCsv],
    ['jsonl', anyText, toJsonl],
  ] as const)('%s', async (format, text, write) => {
    const property = fc.asyncProperty(
      examplesOf(text),
      lineEnd,
      chunkSize,
      async (examples, end, size) => {
        const content = write(examples.map(fieldsOf), end);
        expect(await readRecords(inChunks(content, `a.${format}`, size))).toEqual(examples);
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  it('plain lines', async () => {
    const property = fc.asyncProperty(fc.array(tsvText, { minLength: 1 }), async (lines) => {
      const content = `\ufeff${lines.map((line) => `${line}\n`).join('')}`;
      const examples = await readRecords(inChunks(content, 'a.txt'));
      expect(examples.map(({ text }) => text)).toEqual(lines);
    });
    await fc.assert(property);
  });
});

const distribution = fc
  .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 })
  .filter((weights) => weights.some((weight) => weight > 1e-9))
  .map((weights) => {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => weight / total);
  });

describe('predictions', () => {
  const roundTrip = async (predictions: readonly Prediction[], format: string, content: string) => {
    const found = await readPredictions(inChunks(content, `a.${format}`));
    expect([...found.byId.values()]).toEqual(predictions);
  };

  it('with probabilities are read to the last bit, from lines and from tables', async () => {
    const labels = ['x', '__proto__', '10'];
    const property = fc.asyncProperty(fc.array(distribution, { minLength: 1 }), async (rows) => {
      const predictions = rows.map((values, i) => ({
        id: String(i),
        label: labels[values.indexOf(Math.max(...values))]!,
        probabilities: Object.fromEntries(labels.map((label, l) => [label, values[l]!])),
      }));
      const lines = predictions.map((each) => `${predictionLine(each)}\n`);
      await roundTrip(predictions, 'jsonl', lines.join(''));
      const cells = predictions.map(
        ({ id, label }, i): Fields => [
          ['id', id],
          ['label', label],
          ...labels.map((each, l) => [`p:${each}`, String(rows[i]![l])] as const),
        ],
      );
      await roundTrip(predictions, 'csv', toCsv(cells, '\n'));
      await roundTrip(predictions, 'tsv', toTsv(cells, '\r\n'));
    });
    await fc.assert(property);
  });

  it('with texts are read as they were written', async () => {
    const logprob = fc.double({ max: 0, noNaN: true, noDefaultInfinity: true });
    const rows = fc.array(fc.record({ text: anyText, logprob }), { minLength: 1 });
    const property = fc.asyncProperty(rows, async (found) => {
      // JSON has no negative zero.
      const predictions = found.map((row, i) => ({
        id: String(i),
        ...row,
        logprob: row.logprob + 0,
      }));
      const lines = predictions.map((each) => `${predictionLine(each)}\n`);
      await roundTrip(predictions, 'jsonl', lines.join(''));
    });
    await fc.assert(property);
  });
});

/** Pieces that parsers care about, in any order. */
const scraps = fc
  .array(
    fc.constantFrom(
      ...['id', 'text', 'label', 'p:a', 'probabilities', 'logprob', '"', '""', ',', '\t', ':'],
      ...['\n', '\r\n', '\r', '{', '}', '[', ']', '0', '1', '0.5', '-1e9', 'null', '\\u', '\ufeff'],
      ...['{"id":1,"text":"a"}\n', 'id,text\n', 'id\tlabel\n', '\ud83d', 'é'],
    ),
    { maxLength: 30 },
  )
  .map((parts) => new TextEncoder().encode(parts.join('')));
const hostile = fc.oneof(scraps, fc.uint8Array({ maxLength: 60 }));

async function fusionErrorOrNothing(action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    expect(error).toBeInstanceOf(FusionError);
    expect((error as FusionError).code).toBe('bad_input');
    expect((error as FusionError).message).toMatch(/^any(\.gz)?:/);
  }
}

describe('any bytes', () => {
  it.each(DATA_FORMATS)('%s: are read, or refused in a sentence', async (format: DataFormat) => {
    const property = fc.asyncProperty(hostile, chunkSize, async (bytes, size) => {
      const input = () => inChunks(bytes, 'any', size);
      await fusionErrorOrNothing(() => readRecords(input(), { format }));
      await fusionErrorOrNothing(() => readRecords(input(), { format, required: ['text'] }));
      await fusionErrorOrNothing(() => readPredictions(input(), { format }));
    });
    await fc.assert(property, { numRuns: 500 });
  });

  it('compressed or not', async () => {
    const property = fc.asyncProperty(fc.uint8Array(), async (bytes) => {
      await fusionErrorOrNothing(() => readRecords(inChunks(bytes, 'any.gz'), { format: 'text' }));
    });
    await fc.assert(property);
  });

  it('give the same in chunks of any size', async () => {
    const outcome = (bytes: Uint8Array, format: DataFormat, size: number) =>
      readRecords(inChunks(bytes, 'any', size), { format }).catch((error: Error) => error.message);
    const format = fc.constantFrom(...DATA_FORMATS);
    const property = fc.asyncProperty(hostile, format, chunkSize, async (bytes, as, size) => {
      expect(await outcome(bytes, as, size)).toEqual(await outcome(bytes, as, 1e6));
    });
    await fc.assert(property, { numRuns: 500 });
  });
});
