import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { benjaminiHochbergAdjusted } from '../../src/numeric/benjaminiHochberg.ts';
import { holmAdjusted } from '../../src/numeric/holm.ts';
import { expectClose, tablesOf } from '../task/significance/oracles.ts';

describe('adjusted p-values', () => {
  it.each(tablesOf('multipleTesting'))('$id agrees with the oracle', ({ p, expected }) => {
    const [holm, hochberg] = [holmAdjusted(p), benjaminiHochbergAdjusted(p)];
    p.forEach((_, i) => {
      expectClose(holm[i]!, expected.holm.adjusted[i]!, 1e-12);
      expectClose(hochberg[i]!, expected.benjaminiHochberg.adjusted[i]!, 1e-12);
    });
  });

  it('are between the raw p and that of Holm, in the same order', () => {
    const pValues = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });
    fc.assert(
      fc.property(pValues, (p) => {
        const [holm, hochberg] = [holmAdjusted(p), benjaminiHochbergAdjusted(p)];
        p.forEach((raw, i) => {
          expect(hochberg[i]).toBeGreaterThanOrEqual(raw);
          expect(hochberg[i]).toBeLessThanOrEqual(holm[i]! * (1 + 1e-12));
          p.forEach((other, j) => {
            if (raw <= other) expect(hochberg[i]).toBeLessThanOrEqual(hochberg[j]!);
          });
        });
      }),
    );
  });
});
