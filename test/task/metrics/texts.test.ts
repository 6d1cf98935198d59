import { describe, expect, it } from 'vitest';
import { bleu } from '../../../src/task/metrics/bleu.ts';
import { bleuParts } from '../../../src/task/metrics/bleuScore.ts';
import { chrf } from '../../../src/task/metrics/chrf.ts';
import { exactMatch } from '../../../src/task/metrics/exactMatch.ts';
import type { TextMetric } from '../../../src/task/metrics/metric.ts';
import { measure } from '../../../src/task/metrics/statisticsTable.ts';
import { ter } from '../../../src/task/metrics/ter.ts';

const DIGITS = 12;

function sentence(metric: TextMetric, hypothesis: string, ...references: string[]): number {
  return metric.sentenceValue(metric.statistics({ hypothesis, references }));
}

describe('BLEU by hand', () => {
  it('clips matches: Papineni et al. 2002, example 2', () => {
    const item = {
      hypothesis: 'the the the the the the the',
      references: ['The cat is on the mat', 'There is a cat on the mat'],
    };
    const options = { lowercase: true, smoothing: { method: 'none' } } as const;
    const parts = bleuParts(bleu(options).statistics(item), options.smoothing);
    // `the` stands twice in the first reference: 2 of 7.
    expect(parts.precisions[0]).toBeCloseTo((100 * 2) / 7, DIGITS);
    expect(parts.precisions[1]).toBe(0);
    // 6 and 7 words: the closest is as long as the hypothesis.
    expect(parts.referenceLength).toBe(7);
  });

  it('takes the geometric mean, shorter texts punished', () => {
    // a b c d of a b c d e: all precisions 1; BP = exp(1 - 5/4).
    expect(sentence(bleu(), 'a b c d', 'a b c d e')).toBeCloseTo(100 * Math.exp(-1 / 4), DIGITS);
    // a b c x: 3/4, 2/3, 1/2, and 1/2 of a match in 1.
    const product = (3 / 4) * (2 / 3) * (1 / 2) * (1 / 2);
    expect(sentence(bleu(), 'a b c x', 'a b c d')).toBeCloseTo(100 * product ** (1 / 4), DIGITS);
  });

  it('takes the shorter of two references that are equally close', () => {
    const references = ['a b c d e f', 'a b c d'];
    const counts = bleu().statistics({ hypothesis: 'a b c d e', references });
    expect(bleuParts(counts).referenceLength).toBe(4);
  });

  it('leaves out orders that a sentence is too short for, but a corpus does not', () => {
    const item = { hypothesis: 'a b', references: ['a b'] };
    expect(sentence(bleu(), 'a b', 'a b')).toBe(100);
    expect(measure(bleu(), [item])).toBe(0);
    expect(measure(bleu({ effectiveOrder: true }), [item])).toBe(100);
  });
});

describe('chrF by hand', () => {
  it('weighs recall four times', () => {
    // Characters 3/3 and 3/4, pairs 2/2 and 2/3, triples 1/1 and 1/2; the longer orders of the
    // hypothesis are empty. P = 1, R = (3/4 + 2/3 + 1/2) / 3 = 23/36.
    const recall = 23 / 36;
    expect(sentence(chrf(), 'abc', 'abcd')).toBeCloseTo((100 * 5 * recall) / (4 + recall), DIGITS);
  });

  it('counts words with one mark cut off', () => {
    // Characters of `a.` against `a`: 1/2, 1/1; words a, . against a: 1/2, 1/1.
    // F of P = 1/2 and R = 1: 5 * .5 / (4 * .5 + 1) = 5/6.
    expect(sentence(chrf({ wordOrder: 2 }), 'a.', 'a')).toBeCloseTo((100 * 5) / 6, DIGITS);
  });

  it('takes the reference with the best score', () => {
    const [near, far] = [sentence(chrf(), 'abcd', 'abce'), sentence(chrf(), 'abcd', 'xbyz')];
    expect(near).toBeGreaterThan(far);
    expect(sentence(chrf(), 'abcd', 'xbyz', 'abce')).toBe(near);
  });
});

describe('TER by hand', () => {
  it('counts a moved block once: Snover et al. 2006, section 2', () => {
    const reference =
      'SAUDI ARABIA denied THIS WEEK information published in the AMERICAN new york times';
    const hypothesis = 'THIS WEEK THE SAUDIS denied information published in the new york times';
    // The paper: a shift, two substitutions and an insertion, over 13 words.
    const { statistics } = ter();
    expect([...statistics({ hypothesis, references: [reference] })]).toEqual([4, 13]);
  });

  it('takes the fewest edits and the mean length of the references', () => {
    const references = ['a b c d', 'a b'];
    expect([...ter().statistics({ hypothesis: 'a b x', references })]).toEqual([1, 3]);
  });

  it('has no regard to case unless asked', () => {
    expect(sentence(ter(), 'A B', 'a b')).toBe(0);
    expect(sentence(ter({ caseSensitive: true }), 'A B', 'a b')).toBe(100);
  });
});

describe('exact match', () => {
  it('is the share of texts that are a reference', () => {
    const items = [
      { hypothesis: '42', references: ['forty-two', '42'] },
      { hypothesis: '42 ', references: ['42'] },
    ];
    expect(measure(exactMatch, items)).toBe(0.5);
  });
});

describe('odd input', () => {
  it('empty texts', () => {
    for (const metric of [bleu(), chrf(), chrf({ wordOrder: 2 })]) {
      expect(sentence(metric, '', 'a b c')).toBe(0);
      expect(sentence(metric, 'a b c', '')).toBe(0);
      expect(sentence(metric, '', '')).toBe(0);
      expect(sentence(metric, ' \t\n', 'a b c')).toBe(0);
    }
    expect(sentence(ter(), '', 'a b c')).toBe(100);
    expect(sentence(ter(), 'a b c', '')).toBe(100);
    expect(sentence(ter(), '', '')).toBe(0);
    expect(sentence(exactMatch, '', '')).toBe(1);
  });

  it('half a surrogate pair, control characters, very long words', () => {
    for (const text of ['\ud83d', 'a\ud83d b', '\u0000\u0001', 'x'.repeat(10_000)]) {
      for (const metric of [bleu(), chrf(), chrf({ wordOrder: 2 })]) {
        expect(sentence(metric, text, text)).toBe(100);
      }
      expect(sentence(ter(), text, text)).toBe(0);
    }
  });

  it('is refused without a reference or without items', () => {
    const item = { hypothesis: 'a', references: [] };
    expect(() => measure(bleu(), [item])).toThrow(
      'metric "bleu": an item has no reference to compare its text with',
    );
    expect(() => measure(ter(), [])).toThrow('metric "ter": there are no items to measure');
  });
});
