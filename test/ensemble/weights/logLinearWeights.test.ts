import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logLinearPool } from '../../../src/ensemble/pool/logLinearPool.ts';
import { fitLogLinearWeights } from '../../../src/ensemble/weights/logLinearWeights.ts';
import { logLoss } from '../../../src/ensemble/weights/losses.ts';
import { type MemberTable, tableOfAnswers } from '../../../src/ensemble/weights/memberTable.ts';
import { fitTemperature } from '../../../src/ensemble/weights/temperature.ts';
import { randomMembers } from '../arbitrary.ts';
import { distance, memberTableOf, POOL_TABLES } from '../oracles.ts';

const tables = randomMembers(false).chain(({ members, rows, size }) =>
  fc
    .array(fc.integer({ min: 0, max: size - 1 }), { minLength: rows, maxLength: rows })
    .map(
      (answers): MemberTable => ({ members, labelCount: size, answers: Int32Array.from(answers) }),
    ),
);

function lossOf(table: MemberTable, weights: readonly number[]): number {
  const out = new Float64Array(table.members[0]!.length);
  // Allows any sign: at this plausibility nothing of a table without zeros is left out.
  logLinearPool(table.members, weights, table.labelCount, out, {
    floor: 1e-12,
    plausibility: 1e-300,
  });
  return logLoss(out, table);
}

const [table] = POOL_TABLES.map(memberTableOf);

describe('fitLogLinearWeights', () => {
  it('on the simplex is never worse than a member, nor than weights nearby', () => {
    fc.assert(
      fc.property(tables, (each) => {
        const { weights, loss } = fitLogLinearWeights(each, { domain: 'simplex' });
        expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
        expect(loss).toBeCloseTo(lossOf(each, weights), 11);
        for (const k of weights.keys()) {
          const corner = weights.map((_, i) => (i === k ? 1 : 0));
          const nearby = weights.map((weight, i) => 0.999 * weight + 0.001 * corner[i]!);
          expect(loss).toBeLessThanOrEqual(lossOf(each, corner) + 1e-10);
          expect(loss).toBeLessThanOrEqual(lossOf(each, nearby) + 1e-10);
        }
      }),
    );
  });

  it('free is at least as good as non-negative, which is at least as good as the simplex', () => {
    const [free, nonNegative, simplex] = (['free', 'nonNegative', 'simplex'] as const).map(
      (domain) => fitLogLinearWeights(memberTableOf(POOL_TABLES[2]!), { domain }).loss,
    );
    expect(free).toBeLessThanOrEqual(nonNegative!);
    expect(nonNegative).toBeLessThan(simplex!);
  });

  it('free finds a point where the loss is flat in every direction', () => {
    const fit = fitLogLinearWeights(table!, { domain: 'free' });
    for (const k of fit.weights.keys()) {
      for (const shift of [-1e-3, 1e-3]) {
        const moved = fit.weights.map((weight, i) => (i === k ? weight + shift : weight));
        expect(lossOf(table!, moved)).toBeGreaterThan(fit.loss);
      }
    }
  });

  it('with a ridge has a minimum where it had none', () => {
    const separable = memberTableOf(POOL_TABLES.find(({ id }) => id === 'small-with-ties')!);
    expect(fitLogLinearWeights(separable).hasMinimum).toBe(false);
    const fit = fitLogLinearWeights(separable, { ridge: 0.01 });
    expect(fit.hasMinimum).toBe(true);
    expect(fit.residual).toBeLessThan(1e-12);
    expect(fit.loss).toBeCloseTo(lossOf(separable, fit.weights), 12);
    const penalized = (weights: readonly number[]) =>
      lossOf(separable, weights) + 0.005 * weights.reduce((sum, w) => sum + w * w, 0);
    for (const factor of [0.99, 1.01]) {
      expect(penalized(fit.weights.map((w) => w * factor))).toBeGreaterThan(penalized(fit.weights));
    }
  });

  it('splits the weight of a member that is there twice', () => {
    const [a, b] = table!.members;
    const once = fitLogLinearWeights({ ...table!, members: [a!, b!] });
    const twice = fitLogLinearWeights({ ...table!, members: [a!, b!, a!] });
    const [forA, forB] = once.weights;
    expect(distance(twice.weights, [forA! / 2, forB!, forA! / 2])).toBeLessThan(1e-9);
    expect(twice.loss).toBeCloseTo(once.loss, 12);
  });

  it('refuses what it cannot fit', () => {
    expect(() => fitLogLinearWeights(table!, { floor: 0 })).toThrow('floor 0 is not in (0, 1)');
    expect(() => fitLogLinearWeights(table!, { ridge: -1 })).toThrow(
      'ridge -1 is not a number from 0 on',
    );
    expect(() => fitLogLinearWeights(tableOfAnswers([Float64Array.of(-1)]))).toThrow(
      'has one label',
    );
  });
});

describe('fitTemperature', () => {
  it('is 0 for a member that is always right', () => {
    const right = {
      members: [Float64Array.of(-0.1, -2, -2, -0.1)],
      labelCount: 2,
      answers: Int32Array.of(0, 1),
    };
    expect(fitTemperature(right, 0)).toMatchObject({ temperature: 0, loss: 0, matters: true });
  });
});
