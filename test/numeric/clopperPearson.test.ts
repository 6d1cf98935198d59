import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clopperPearsonInterval } from '../../src/numeric/clopperPearson.ts';
import { binomialTails, normalQuantile } from '../../src/numeric/distributions.ts';
import { wilsonInterval } from '../../src/numeric/intervals.ts';
import { expectClose, tablesOf } from '../task/significance/oracles.ts';

describe('clopperPearsonInterval', () => {
  it.each(tablesOf('proportionInterval'))('$id agrees with the oracle, as Wilson does', (table) => {
    for (const [level, { wilson, clopperPearson }] of Object.entries(table.expected)) {
      const exact = clopperPearsonInterval(table.successes, table.n, Number(level));
      expectClose(exact.low, clopperPearson[0]);
      expectClose(exact.high, clopperPearson[1]);
      const score = wilsonInterval(
        table.successes,
        table.n,
        normalQuantile((1 + Number(level)) / 2),
      );
      expectClose(score.low, wilson[0]);
      expectClose(score.high, wilson[1]);
    }
  });

  it('has bounds under which so many successes are just rare enough', () => {
    const cases = fc
      .integer({ min: 2, max: 300 })
      .chain((n) => fc.tuple(fc.integer({ min: 1, max: n - 1 }), fc.constant(n)));
    fc.assert(
      fc.property(cases, ([k, n]) => {
        const { low, high } = clopperPearsonInterval(k, n);
        expect(binomialTails(k - 1, n, low).upper).toBeCloseTo(0.025, 10);
        expect(binomialTails(k, n, high).lower).toBeCloseTo(0.025, 10);
      }),
    );
  });

  it('ends at 0 and 1, and refuses what is no proportion', () => {
    expect(clopperPearsonInterval(0, 8).low).toBe(0);
    expect(clopperPearsonInterval(8, 8).high).toBe(1);
    expect(() => clopperPearsonInterval(3, 2)).toThrow('3 successes of 2 trials');
  });
});
