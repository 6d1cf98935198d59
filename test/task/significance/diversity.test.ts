import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cochranQTest } from '../../../src/task/significance/cochranQ.ts';
import { pairCounts } from '../../../src/task/significance/correctness.ts';
import { diversityOf } from '../../../src/task/significance/diversity.ts';
import { mcnemarChi2 } from '../../../src/task/significance/mcnemar.ts';
import { pairDiversity } from '../../../src/task/significance/pairDiversity.ts';
import { bySystem, diversityTables, expectClose, tablesOf } from './oracles.ts';

/** null in the oracle is undefined here. */
function expectValue(found: number | undefined, expected: number | null): void {
  if (found === undefined || expected === null) expect(found ?? null).toBe(expected);
  else expectClose(found, expected, 1e-12);
}

const matrix = fc
  .tuple(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 30 }))
  .chain(([members, items]) => {
    const member = fc.array(fc.boolean(), { minLength: items, maxLength: items });
    return fc.array(member, { minLength: members, maxLength: members });
  });

describe('diversity', () => {
  it.each(diversityTables)('$id agrees with the oracle', ({ correct, expected }) => {
    const members = bySystem(correct);
    for (const { i, j, ...measures } of expected.pairs) {
      const found = pairDiversity(pairCounts(members[i]!, members[j]!));
      expectValue(found.q, measures.q);
      expectValue(found.rho, measures.rho);
      expectValue(found.disagreement, measures.disagreement);
      expectValue(found.doubleFault, measures.doubleFault);
      expectValue(found.kappa, measures.kappa);
    }
    const found = diversityOf(members);
    expectValue(found.pairs.q, expected.mean_q);
    expectValue(found.pairs.rho, expected.mean_rho);
    expectValue(found.pairs.disagreement, expected.mean_disagreement);
    expectValue(found.pairs.doubleFault, expected.mean_doubleFault);
    expectValue(found.pairs.kappa, expected.mean_kappa);
    expectValue(found.entropy, expected.entropy);
    expectValue(found.kohaviWolpertVariance, expected.kohaviWolpertVariance);
    expectValue(found.interraterKappa, expected.interraterKappa);
    expectValue(found.generalisedDiversity, expected.generalizedDiversity);
    expectValue(found.coincidentFailureDiversity, expected.coincidentFailureDiversity);
    expectValue(found.difficulty, expected.difficulty);
    expectValue(found.meanAccuracy, expected.meanAccuracy);
    const someRight = correct.filter((item) => item.some((right) => right === 1)).length;
    expectValue(found.oracleAccuracy, someRight / correct.length);
  });

  it('keeps to the identities: Kohavi-Wolpert and disagreement, bounds of the oracle', () => {
    fc.assert(
      fc.property(matrix, (correct) => {
        const found = diversityOf(correct);
        const members = correct.length;
        const share = ((members - 1) / (2 * members)) * found.pairs.disagreement;
        expect(found.kohaviWolpertVariance).toBeCloseTo(share, 12);
        expect(found.oracleAccuracy).toBeGreaterThanOrEqual(found.meanAccuracy - 1e-12);
        expect(found.oracleAccuracy).toBeLessThanOrEqual(1);
        expect(found.entropy).toBeGreaterThanOrEqual(0);
        expect(found.entropy).toBeLessThanOrEqual(1);
        const turned = diversityOf([...correct].reverse());
        expect(turned.entropy).toBe(found.entropy);
        expect(turned.pairs.disagreement).toBeCloseTo(found.pairs.disagreement, 12);
      }),
    );
  });

  it('is of at least two members', () => {
    expect(() => diversityOf([[1, 0]])).toThrow('diversity: 1 members are given');
  });
});

describe('cochranQTest', () => {
  it.each(tablesOf('cochranQ'))('$id agrees with the oracle', ({ correct, expected }) => {
    const found = cochranQTest(bySystem(correct));
    expectClose(found.statistic, expected.statistic, 1e-12);
    expectClose(found.p, expected.p, 1e-12);
    expect(found.degreesOfFreedom).toBe(expected.df);
  });

  it('is McNemar without correction for two systems', () => {
    fc.assert(
      fc.property(matrix, ([first, second]) => {
        const found = cochranQTest([first!, second!]);
        const { statistic, p } = mcnemarChi2(pairCounts(first!, second!), false);
        expect(found.statistic).toBeCloseTo(statistic, 12);
        expect(found.p).toBeCloseTo(p, 12);
      }),
    );
  });

  it('has p = 1 for systems that are alike, and takes more than one', () => {
    expect(
      cochranQTest([
        [1, 0, 1],
        [1, 0, 1],
        [1, 0, 1],
      ]),
    ).toEqual({
      statistic: 0,
      degreesOfFreedom: 2,
      p: 1,
    });
    expect(() => cochranQTest([[1, 0]])).toThrow("Cochran's Q: 1 systems are given");
  });
});
