import { describe, expect, it } from 'vitest';
import { labelItemReader } from '../../../src/task/metrics/labelItem.ts';

const read = labelItemReader(['negative', 'neutral', 'positive']);

describe('labelItemReader', () => {
  it('matches labels by name, in whatever order they come', () => {
    const probabilities = { positive: 0.7, negative: 0.2, neutral: 0.1 };
    expect(read('negative', { id: '0', label: 'positive', probabilities })).toEqual({
      classCount: 3,
      truth: 0,
      choice: 2,
      probabilities: Float64Array.of(0.2, 0.1, 0.7),
    });
    expect(read('neutral', { id: '0', label: 'neutral' })).toEqual({
      classCount: 3,
      truth: 1,
      choice: 1,
    });
  });

  it('refuses labels that are not classes, and classes without a probability', () => {
    const prediction = { id: 'a7', label: 'positive' };
    expect(() => read('good', prediction)).toThrow(
      'item "a7": the true label is "good", and the classes are negative, neutral, positive',
    );
    expect(() => read('neutral', { ...prediction, label: 'good' })).toThrow('the predicted label');
    expect(() => read('neutral', { ...prediction, probabilities: { positive: 1 } })).toThrow(
      'item "a7": there is no probability of negative, neutral',
    );
    const more = { positive: 1, negative: 0, neutral: 0, good: 0 };
    expect(() => read('neutral', { ...prediction, probabilities: more })).toThrow(
      'a label with a probability is "good"',
    );
  });
});
