/** BLEU, chrF and TER as sacrebleu has them, under every configuration of the oracle. */

import { describe, expect, it } from 'vitest';
import { bleu } from '../../../src/task/metrics/bleu.ts';
import { bleuParts, bleuScore } from '../../../src/task/metrics/bleuScore.ts';
import { BLEU_TOKENIZERS, type BleuTokenizer } from '../../../src/task/metrics/bleuTokenizers.ts';
import { chrf } from '../../../src/task/metrics/chrf.ts';
import type { TextItem, TextMetric } from '../../../src/task/metrics/metric.ts';
import { measure, statisticsTable, sumRows } from '../../../src/task/metrics/statisticsTable.ts';
import { ter } from '../../../src/task/metrics/ter.ts';
import { sentenceValues } from '../../../src/task/metrics/textMetric.ts';
import {
  bleuOptions,
  chrfOptions,
  limitOracle,
  mbrOracle,
  randomOracle,
  type SegmentTable,
  terOptions,
  textItems,
  translationOracle,
} from './oracles.ts';

/** Decimals that agree: of numbers up to a few hundred, all that a double has but one or two. */
const DIGITS = 11;

function expectAll(found: readonly number[], expected: readonly number[]): void {
  expect(found.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(found[i]).toBeCloseTo(value, DIGITS);
  });
}

function expectBleu(items: readonly TextItem[], table: SegmentTable, k: number): void {
  const options = bleuOptions[k]!;
  const { smoothing, effectiveOrder } = options;
  const total = sumRows(statisticsTable(bleu(options), items));
  const parts = bleuParts(total, smoothing);
  const expected = table.expected.bleu[k]!;
  expect(bleuScore(total, smoothing, effectiveOrder)).toBeCloseTo(expected.score, DIGITS);
  expectAll(parts.precisions, expected.precisions);
  expect(parts.brevityPenalty).toBeCloseTo(expected.bp, DIGITS);
  expect(parts.hypothesisLength).toBe(expected.sysLen);
  expect(parts.referenceLength).toBe(expected.refLen);
  // sacrebleu adds k to the counts it reports.
  if (smoothing.method === 'add-k') return;
  expect(parts.matches).toEqual(expected.counts);
  expect(parts.ngrams).toEqual(expected.totals);
}

const segments = translationOracle.tables.filter((table) => table.kind === 'segments');

describe.each(segments)('sacrebleu: $id', (table) => {
  const items = textItems(table);
  const { expected } = table;

  it.each(bleuOptions.map(({ label }, k) => [label, k] as const))('BLEU %s', (_, k) => {
    expectBleu(items, table, k);
  });

  it('chrF', () => {
    expectAll(
      chrfOptions.map((options) => measure(chrf(options), items)),
      expected.chrf,
    );
  });

  it('TER', () => {
    const totals = terOptions.map((options) => sumRows(statisticsTable(ter(options), items)));
    expectAll(
      totals.map((total) => ter().value(total)),
      expected.ter.map(({ score }) => score),
    );
    expect(totals.map(([edits]) => edits)).toEqual(expected.ter.map(({ edits }) => edits));
    expectAll(
      totals.map((total) => total[1]!),
      expected.ter.map(({ refLength }) => refLength),
    );
  });

  it('sentences', () => {
    const sentences = (metric: TextMetric) =>
      items.map((item) => metric.sentenceValue(metric.statistics(item)));
    expectAll(sentences(bleu()), expected.sentenceBleu);
    expectAll(sentences(chrf()), expected.sentenceChrf);
    expectAll(sentences(chrf({ wordOrder: 2 })), expected.sentenceChrfPlusPlus);
    expectAll(sentences(ter()), expected.sentenceTer);
  });
});

describe('tokenizers', () => {
  const tables = translationOracle.tables.filter((table) => table.kind === 'tokenization');
  const cases = tables.flatMap(({ expected, strings }) =>
    Object.entries(expected).flatMap(([name, outputs]) =>
      outputs.map((output, i) => [name as BleuTokenizer, strings[i]!, output] as const),
    ),
  );

  it.each(cases)('%s of %j', (name, text, output) => {
    // The oracle's `char` keeps white space as tokens, which counting n-grams then drops.
    const tokens = BLEU_TOKENIZERS.none(output);
    expect(BLEU_TOKENIZERS[name](text)).toEqual(tokens);
  });
});

describe.each(mbrOracle.tables)('pairs of candidates: $id', ({ candidates, expected }) => {
  it.each([
    ['chrf', chrf()],
    ['chrfPlusPlus', chrf({ wordOrder: 2 })],
    ['bleu', bleu()],
  ] as const)('%s', (name, metric) => {
    const values = sentenceValues(metric, candidates, candidates);
    expectAll([...values], expected[name].utility.flat());
  });
});

describe('random texts', () => {
  it.each(randomOracle.tables.map((table, i) => [i, table] as const))('%i', (_, table) => {
    const sentence = (metric: TextMetric) => metric.sentenceValue(metric.statistics(table));
    for (const [tokenizer, score] of Object.entries(table.bleu)) {
      const metric = bleu({ tokenizer: tokenizer as BleuTokenizer });
      expect(sentence(metric)).toBeCloseTo(score, DIGITS);
    }
    expectAll(
      chrfOptions.map((options) => sentence(chrf(options))),
      table.chrf,
    );
    const metrics = terOptions.map(ter);
    expectAll(metrics.map(sentence), table.ter);
    expect(metrics.map((metric) => metric.statistics(table)[0])).toEqual(table.edits);
  });
});

describe('TER of long texts', () => {
  it.each(limitOracle.tables.map((table, i) => [i, table] as const))('%i', (_, table) => {
    expect(ter().statistics(table)[0]).toBe(table.edits);
  });
});
