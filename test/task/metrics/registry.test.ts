import { describe, expect, it } from 'vitest';
import { bitsPerByte } from '../../../src/task/metrics/bitsPerByte.ts';
import { perplexity } from '../../../src/task/metrics/perplexity.ts';
import { METRICS, metricNamed, metricOfKind } from '../../../src/task/metrics/registry.ts';
import { measure } from '../../../src/task/metrics/statisticsTable.ts';

describe('registry', () => {
  it('has every metric once, with the way that is better', () => {
    const lower = METRICS.filter((metric) => !metric.higherIsBetter).map(({ name }) => name);
    expect(lower).toEqual(['log_loss', 'brier', 'ece', 'ter', 'perplexity', 'bits_per_byte']);
    const higher = METRICS.filter((metric) => metric.higherIsBetter).map(({ name }) => name);
    expect(higher).toEqual([
      ...['accuracy', 'macro_f1', 'micro_f1', 'bleu', 'chrf', 'chrf++', 'exact_match'],
    ]);
    for (const metric of METRICS) expect(metricNamed(metric.name)).toBe(metric);
  });

  it('tells what there is, and what a metric is of', () => {
    expect(() => metricNamed('rouge')).toThrow('there is no metric "rouge"; there are accuracy, ');
    expect(() => metricOfKind('bleu', 'labels')).toThrow(
      'metric "bleu" is of texts, and one of labels is needed',
    );
    expect(metricOfKind('bleu', 'texts').sentenceValue).toBeTypeOf('function');
  });
});

describe('likelihood', () => {
  // Probabilities 1/8 and 1/2 of texts of 3 and 1 tokens, 4 and 4 bytes: 1/16 over 4 tokens, 8 bytes.
  const items = [
    { logProbability: Math.log(1 / 8), tokenCount: 3, byteCount: 4 },
    { logProbability: Math.log(1 / 2), tokenCount: 1, byteCount: 4 },
  ];

  it('is over all tokens and all bytes', () => {
    expect(measure(perplexity, items)).toBeCloseTo(2, 12);
    expect(measure(bitsPerByte, items)).toBeCloseTo(4 / 8, 12);
  });

  it('is infinite for an impossible text, and there is none of nothing', () => {
    const impossible = { logProbability: -Infinity, tokenCount: 1, byteCount: 1 };
    expect(measure(perplexity, [...items, impossible])).toBe(Infinity);
    expect(measure(bitsPerByte, [...items, impossible])).toBe(Infinity);
    const nothing = { logProbability: 0, tokenCount: 0, byteCount: 0 };
    expect(measure(perplexity, [nothing])).toBeNaN();
    expect(measure(bitsPerByte, [nothing])).toBeNaN();
  });
});
