import { expect, it } from 'vitest';
import { holmAdjusted } from '../../src/numeric/holm.ts';

it('agrees with the worked example: sorted, multiplied, never falling, at most 1', () => {
  const adjusted = holmAdjusted([0.01, 0.04, 0.03, 0.005]);
  [0.03, 0.06, 0.06, 0.02].forEach((p, i) => {
    expect(adjusted[i]).toBeCloseTo(p, 14);
  });
  expect(holmAdjusted([0.9, 0.8])).toEqual([1, 1]);
  expect(holmAdjusted([])).toEqual([]);
});
