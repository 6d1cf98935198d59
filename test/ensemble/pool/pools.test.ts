import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Distribution } from '../../../src/ensemble/pool/distribution.ts';
import { linearPool } from '../../../src/ensemble/pool/linearPool.ts';
import { type LogLinearOptions, logLinearPool } from '../../../src/ensemble/pool/logLinearPool.ts';
import { randomMembers } from '../arbitrary.ts';
import { distance, logsOf } from '../oracles.ts';

const MINUS = Number.NEGATIVE_INFINITY;

function linear(members: readonly Distribution[], weights: readonly number[]): Float64Array {
  const out = new Float64Array(members[0]!.length);
  linearPool(members, weights, out);
  return out;
}

function logLinear(
  members: readonly Distribution[],
  weights: readonly number[],
  size: number,
  options: LogLinearOptions = {},
): Float64Array {
  const out = new Float64Array(members[0]!.length);
  logLinearPool(members, weights, size, out, options);
  return out;
}

const log = (...probabilities: number[]) => logsOf([probabilities]);

describe('the linear pool', () => {
  it('is the weighted mean of probabilities, zeros included', () => {
    fc.assert(
      fc.property(randomMembers(true), ({ members, weights }) => {
        const total = weights.reduce((a, b) => a + b);
        linear(members, weights).forEach((found, k) => {
          const mean = members.reduce(
            (sum, p, i) => sum + (weights[i]! / total) * Math.exp(p[k]!),
            0,
          );
          expect(Math.exp(found)).toBeCloseTo(mean, 13);
          if (mean === 0) expect(found).toBe(MINUS);
        });
      }),
    );
  });

  it('loses at most the weighted mean of what its members lose, outcome by outcome', () => {
    fc.assert(
      fc.property(randomMembers(true), ({ members, weights }) => {
        const total = weights.reduce((a, b) => a + b);
        linear(members, weights).forEach((found, k) => {
          const mean = members.reduce((sum, p, i) => sum - (weights[i]! / total) * p[k]!, 0);
          expect(-found).toBeLessThanOrEqual(mean + 1e-12);
        });
      }),
    );
  });

  it('does not care about the order of members, nor about one written twice', () => {
    fc.assert(
      fc.property(randomMembers(true), ({ members, weights }) => {
        const pooled = linear(members, weights);
        expect(distance(linear(members.toReversed(), weights.toReversed()), pooled)).toBeLessThan(
          1e-12,
        );
        const [first, ...others] = members;
        const halves = [weights[0]! / 2, weights[0]! / 2, ...weights.slice(1)];
        expect(distance(linear([first!, first!, ...others], halves), pooled)).toBeLessThan(1e-12);
      }),
    );
  });

  it('is rounded once to float32, over more than one tile', () => {
    const members = [1, 2, 3].map((k) =>
      Float32Array.from({ length: 3001 }, (_, i) => -((i * k) % 41) / 3 - 0.1),
    );
    const weights = [0.2, 0.3, 0.5];
    const out = new Float32Array(3001);
    linearPool(members, weights, out);
    out.forEach((found, k) => {
      const mean = members.reduce((sum, p, i) => sum + weights[i]! * Math.exp(p[k]!), 0);
      expect(Math.abs(found - Math.log(mean))).toBeLessThanOrEqual(
        2 ** -24 * Math.abs(found) + 1e-13,
      );
    });
  });

  it('does not look at members of weight 0', () => {
    const wrong = Float64Array.of(Number.NaN, MINUS);
    const right = log(0.25, 0.75);
    expect(distance(linear([wrong, right], [0, 2]), right)).toBeLessThan(1e-15);
    expect(distance(linear([right, wrong, right], [1, 0, 1]), right)).toBeLessThan(1e-15);
    expect(distance(linear([right, right], [1e308, 1e308]), right)).toBeLessThan(1e-15);
  });

  it.each([
    {
      weights: [1, -1],
      message: 'linear pool: the weight of member 1 is -1, not a number from 0 on',
    },
    { weights: [Number.NaN, 1], message: 'linear pool: the weight of member 0 is NaN' },
    {
      weights: [1, Number.POSITIVE_INFINITY],
      message: 'linear pool: the weight of member 1 is Infinity',
    },
    { weights: [0, 0], message: 'linear pool: the 2 weights sum to 0' },
    { weights: [1], message: 'linear pool: 1 weights for 2 members' },
  ])('refuses the weights $weights', ({ weights, message }) => {
    expect(() => linear([log(0.5, 0.5), log(0.5, 0.5)], weights)).toThrow(message);
  });

  it('refuses members of another shape', () => {
    expect(() => linear([log(0.5, 0.5), log(1)], [1, 1])).toThrow(
      'linear pool: member 1 has 1 log-probabilities, the result 2',
    );
    expect(() => linearPool([], [], new Float64Array(2))).toThrow(/no members|weights sum to 0/);
  });
});

describe('the log-linear pool', () => {
  it('is the product of powers, normalised in each row', () => {
    fc.assert(
      fc.property(randomMembers(false), ({ members, weights, size }) => {
        const pooled = logLinear(members, weights, size);
        const products = members[0]!.map((_, k) =>
          members.reduce((product, p, i) => product * Math.exp(p[k]!) ** weights[i]!, 1),
        );
        pooled.forEach((found, k) => {
          const row = products.slice(k - (k % size), k - (k % size) + size);
          const total = row.reduce((a, b) => a + b);
          expect(Math.exp(found)).toBeCloseTo(products[k]! / total, 12);
        });
      }),
    );
  });

  it('with weights that sum to 1 has a Z of at most 1: it loses at most the weighted mean', () => {
    fc.assert(
      fc.property(randomMembers(false), ({ members, weights, size }) => {
        const total = weights.reduce((a, b) => a + b);
        const shares = weights.map((weight) => weight / total);
        logLinear(members, shares, size).forEach((found, k) => {
          const mean = members.reduce((sum, p, i) => sum - shares[i]! * p[k]!, 0);
          expect(-found).toBeLessThanOrEqual(mean + 1e-12);
        });
      }),
    );
  });

  it('moves with a permutation of the outcomes', () => {
    fc.assert(
      fc.property(randomMembers(false), ({ members, weights, size }) => {
        const reversed = (rows: Float64Array) =>
          rows.map((_, k) => rows[k - (k % size) + (size - 1 - (k % size))]!);
        const pooled = logLinear(members, weights, size);
        const turned = logLinear(members.map(reversed), weights, size);
        expect(distance(turned, reversed(pooled))).toBeLessThan(1e-12);
      }),
    );
  });

  it('leaves out Z when asked to, as Marian does', () => {
    const sums = logLinear([log(0.5, 0.5), log(0.2, 0.8)], [1, 1], 2, { normalized: false });
    expect(distance(sums, log(0.1, 0.4))).toBeLessThan(1e-15);
  });

  it('lets one member veto, and says so when nothing is left', () => {
    const vetoed = logLinear([log(0, 0.5, 0.5), log(0.9, 0.1, 0)], [1, 0.5], 3);
    expect(Array.from(vetoed, Math.exp)).toEqual([0, 1, 0]);
    expect(() => logLinear([log(0.5, 0.5, 0, 1), log(0.5, 0.5, 1, 0)], [1, 1], 2)).toThrow(
      'log-linear pool: row 1: every outcome is vetoed',
    );
    const ignored = logLinear([log(0, 1), log(0.5, 0.5)], [0, 1], 2);
    expect(distance(ignored, log(0.5, 0.5))).toBeLessThan(1e-15);
  });

  it('names NaN instead of passing it on', () => {
    const nan = Float64Array.of(Number.NaN, 0);
    expect(() => logLinear([nan], [1], 2)).toThrow('row 0: a log-probability is NaN');
  });

  const expert = log(0.6, 0.3, 0.05, 0.05);
  const amateur = log(0.7, 0.1, 0.1999, 0.0001);

  it('contrasts an expert with an amateur among what the expert finds plausible', () => {
    const scores = logLinear([expert, amateur], [1, -1], 4, {
      plausibility: 0.1,
      normalized: false,
    });
    expect(distance(scores, [Math.log(6 / 7), Math.log(3), MINUS, MINUS])).toBeLessThan(1e-14);
    const pooled = logLinear([expert, amateur], [1, -1], 4, { plausibility: 0.1 });
    const total = 6 / 7 + 3;
    expect(distance(pooled.map(Math.exp), [6 / 7 / total, 3 / total, 0, 0])).toBeLessThan(1e-14);
  });

  it('without the mask would prefer what nobody says: hence negative weights need it', () => {
    expect(() => logLinear([expert, amateur], [1, -1], 4)).toThrow(
      'the weight of member 1 is -1; a negative weight needs a plausibility',
    );
    const everything = logLinear([expert, amateur], [1, -1], 4, { plausibility: 1e-9 });
    expect(everything.indexOf(Math.max(...everything))).toBe(3);
  });

  it('takes the positive members together as the expert', () => {
    // The geometric mean of the first two is plausible at the middle outcome alone.
    const members = [log(0.5, 0.49, 0.01), log(0.01, 0.49, 0.5), log(0.3, 0.4, 0.3)];
    const pooled = logLinear(members, [2, 2, -1], 3, { plausibility: 0.5 });
    expect(Array.from(pooled, Math.exp)).toEqual([0, 1, 0]);
  });

  it('refuses a contrast that would be infinite', () => {
    const pool = () => logLinear([log(0.5, 0.5), log(0, 1)], [1, -1], 2, { plausibility: 0.1 });
    expect(pool).toThrow('row 0: outcome 0 is plausible and has probability 0 in a member');
  });

  it.each([
    { weights: [0, 0], options: {}, message: 'none of the weights 0, 0 is positive' },
    { weights: [1, Number.NaN], options: {}, message: 'the weight of member 1 is NaN' },
    { weights: [1, 1], options: { plausibility: 0 }, message: 'plausibility 0 is not in (0, 1]' },
    { weights: [1, 1], options: { floor: 1 }, message: 'floor 1 is not in [0, 1)' },
  ])('refuses $weights with $options', ({ weights, options, message }) => {
    const members = [log(0.5, 0.5), log(0.5, 0.5)];
    expect(() => logLinear(members, weights, 2, options)).toThrow(message);
  });

  it('refuses rows that do not fit', () => {
    expect(() => logLinear([log(0.5, 0.2, 0.3)], [1], 2)).toThrow(
      '3 log-probabilities are no rows of 2',
    );
  });
});
