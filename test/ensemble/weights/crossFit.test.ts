import { describe, expect, it } from 'vitest';
import { linearPool } from '../../../src/ensemble/pool/linearPool.ts';
import { crossFit, seededFolds } from '../../../src/ensemble/weights/crossFit.ts';
import { fitLinearWeights } from '../../../src/ensemble/weights/linearWeights.ts';
import { brierScore, errorRate, logLoss } from '../../../src/ensemble/weights/losses.ts';
import {
  answerLogProbabilities,
  rowsOf,
  tableOfAnswers,
} from '../../../src/ensemble/weights/memberTable.ts';
import {
  linearRule,
  logLinearRule,
  selectionRule,
  temperedRule,
  type WeightRule,
} from '../../../src/ensemble/weights/rules.ts';
import { distance, memberTableOf, POOL_TABLES } from '../oracles.ts';

const table = memberTableOf(POOL_TABLES[0]!);
const items = [...table.answers.keys()];
const folds = items.map((item) => item % 5);

describe('crossFit', () => {
  it('fuses every item by weights of the other folds alone', () => {
    const found = crossFit(table, folds, linearRule());
    for (const fold of [0, 1, 2, 3, 4]) {
      const { weights } = fitLinearWeights(
        rowsOf(
          table,
          items.filter((n) => n % 5 !== fold),
        ),
      );
      for (const item of items.filter((n) => n % 5 === fold)) {
        const { members, labelCount } = rowsOf(table, [item]);
        const out = new Float64Array(labelCount);
        linearPool(members, weights, out);
        const row = found.outOfFold.subarray(item * labelCount, (item + 1) * labelCount);
        expect(distance(row, out)).toBeLessThan(1e-12);
      }
    }
    expect(found.loss).toBe(logLoss(found.outOfFold, table));
    expect(found.fit).toEqual(fitLinearWeights(table));
    expect(found.fittedLoss).toBeCloseTo(found.fit.loss, 13);
    expect(found.fittedLoss).toBeLessThan(found.loss);
  });

  it('does not see the answers of the items that it fuses', () => {
    const answers = table.answers.slice();
    answers[0] = (answers[0]! + 1) % 3;
    const before = crossFit(table, folds, logLinearRule()).outOfFold;
    const after = crossFit({ ...table, answers }, folds, logLinearRule()).outOfFold;
    expect([...after.subarray(0, 3)]).toEqual([...before.subarray(0, 3)]);
    expect(distance(after.subarray(3), before.subarray(3))).toBeGreaterThan(0);
  });

  it('names the member to beat', () => {
    const { memberLosses, bestMember } = crossFit(table, folds, linearRule());
    table.members.forEach((member, i) => {
      const answers = answerLogProbabilities(member, table);
      const mean = answers.reduce((sum, each) => sum - each, 0) / answers.length;
      expect(memberLosses[i]).toBeCloseTo(mean, 13);
    });
    expect(bestMember).toEqual({ index: 1, loss: Math.min(...memberLosses) });
  });

  it('gives the same losses from the answers alone', () => {
    const short = tableOfAnswers(
      table.members.map((member) => answerLogProbabilities(member, table)),
    );
    const found = crossFit(short, folds, linearRule());
    expect(found.loss).toBeCloseTo(crossFit(table, folds, linearRule()).loss, 12);
  });

  const rules: readonly { name: string; rule: WeightRule<unknown> }[] = [
    { name: 'linear', rule: linearRule() as WeightRule<unknown> },
    { name: 'log-linear', rule: logLinearRule() as WeightRule<unknown> },
    {
      name: 'free',
      rule: logLinearRule({ domain: 'free', plausibility: 1e-6 }) as WeightRule<unknown>,
    },
    { name: 'selection', rule: selectionRule({ loss: brierScore }) as WeightRule<unknown> },
    { name: 'tempered linear', rule: temperedRule(linearRule()) as WeightRule<unknown> },
  ];

  it.each(rules)('gives distributions, and takes any loss: $name', ({ rule }) => {
    for (const oracle of POOL_TABLES.filter(({ id }) => id !== 'zeros')) {
      const each = memberTableOf(oracle);
      const found = crossFit(each, seededFolds(each.answers.length, 4, 1), rule, errorRate);
      for (let row = 0; row < found.outOfFold.length; row += each.labelCount) {
        const total = found.outOfFold
          .subarray(row, row + each.labelCount)
          .reduce((sum, x) => sum + Math.exp(x), 0);
        expect(total).toBeCloseTo(1, 12);
      }
      expect(found.loss).toBe(errorRate(found.outOfFold, each));
    }
  });

  it.each([
    { folds: [0, 1], message: 'folds: 2 of them are named, for 40 items' },
    { folds: items.map(() => 0), message: 'folds: 1 folds of 40 items' },
    { folds: items.map((n) => (n % 2) * 2), message: 'folds: fold 1 of 3 has no items' },
    { folds: items.map((n) => n - 1), message: 'folds: item 0 is in fold -1' },
  ])('refuses folds: $message', ({ folds: wrong, message }) => {
    expect(() => crossFit(table, wrong, linearRule())).toThrow(message);
  });
});

describe('seededFolds', () => {
  it('are of equal size, follow from the seed, and differ between seeds', () => {
    const found = seededFolds(11, 3, 7);
    expect([0, 1, 2].map((fold) => found.filter((each) => each === fold).length)).toEqual([
      4, 4, 3,
    ]);
    expect(seededFolds(11, 3, 7)).toEqual(found);
    expect(seededFolds(11, 3, 8)).not.toEqual(found);
  });
});

describe('losses', () => {
  it('are means of what an item costs, as often as it counts', () => {
    const logs = Float64Array.of(0.5, 0.5, 0.2, 0.8).map(Math.log);
    const answers = { answers: Int32Array.of(0, 0), labelCount: 2 };
    expect(logLoss(logs, answers)).toBeCloseTo(-(Math.log(0.5) + Math.log(0.2)) / 2, 15);
    expect(errorRate(logs, answers)).toBe(0.5);
    expect(brierScore(logs, answers)).toBeCloseTo((0.5 + 1.28) / 2, 15);
    const counts = Float64Array.of(3, 1);
    expect(errorRate(logs, { ...answers, counts })).toBe(0.25);
    const impossible = Float64Array.of(0, 1, 0, 1).map(Math.log);
    expect(logLoss(impossible, answers)).toBe(Number.POSITIVE_INFINITY);
    expect(
      logLoss(impossible, {
        answers: Int32Array.of(0, 1),
        labelCount: 2,
        counts: Float64Array.of(0, 1),
      }),
    ).toBe(0);
  });
});
