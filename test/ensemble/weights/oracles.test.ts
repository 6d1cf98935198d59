import { describe, expect, it } from 'vitest';
import { linearPool } from '../../../src/ensemble/pool/linearPool.ts';
import { fitLinearWeights } from '../../../src/ensemble/weights/linearWeights.ts';
import { fitLogLinearWeights } from '../../../src/ensemble/weights/logLinearWeights.ts';
import { errorRate, logLoss } from '../../../src/ensemble/weights/losses.ts';
import { tableOfAnswers } from '../../../src/ensemble/weights/memberTable.ts';
import { selectMembers } from '../../../src/ensemble/weights/selection.ts';
import { atTemperature, fitTemperature } from '../../../src/ensemble/weights/temperature.ts';
import { distance, logsOf, memberTableOf, POOL_TABLES } from '../oracles.ts';

describe.each(POOL_TABLES)('$id', ({ expected, ...oracle }) => {
  const table = memberTableOf({ expected, ...oracle });

  it('linear weights', () => {
    const fit = fitLinearWeights(table);
    expect(distance(fit.weights, expected.linearOptimum.weights!)).toBeLessThan(1e-11);
    expect(fit.loss).toBeCloseTo(expected.linearOptimum.logLoss, 14);
    expect(fit.certificate).toBeLessThan(1 + 1e-12);
    expect(fit.impossibleItems).toEqual([]);
  });

  it.each([
    { domain: 'simplex', optimum: expected.logLinearSimplexOptimum },
    { domain: 'nonNegative', optimum: expected.logLinearNonNegativeOptimum },
  ] as const)('log-linear weights, $domain', ({ domain, optimum }) => {
    const fit = fitLogLinearWeights(table, { domain });
    expect(fit.hasMinimum).toBe(optimum.weights !== null);
    if (optimum.weights === null) return;
    expect(distance(fit.weights, optimum.weights)).toBeLessThan(1e-11);
    expect(fit.loss).toBeCloseTo(optimum.logLoss, 13);
  });

  it('temperatures of the members', () => {
    expected.temperature.members.forEach(({ inverseTemperature, logLoss: least }, member) => {
      const fit = fitTemperature(table, member);
      expect(fit.matters).toBe(inverseTemperature !== null);
      expect(fit.loss).toBeCloseTo(least, 13);
      expect(fit.inverseTemperature).toBeCloseTo(inverseTemperature ?? 1, 11);
      const options = { floor: 1e-12 };
      const tempered = atTemperature(
        table.members[member]!,
        oracle.classes,
        fit.temperature,
        options,
      );
      expect(logLoss(tempered, table)).toBeCloseTo(least, 12);
    });
  });

  it('the temperature of the uniform linear pool', () => {
    const pooled = new Float64Array(table.members[0]!.length);
    linearPool(
      table.members,
      table.members.map(() => 1),
      pooled,
    );
    const fit = fitTemperature({ ...table, members: [pooled] }, 0);
    const { inverseTemperature, logLoss: least } = expected.temperature.uniformLinearPool;
    expect(fit.inverseTemperature).toBeCloseTo(inverseTemperature!, 10);
    expect(fit.loss).toBeCloseTo(least, 13);
  });

  it.each([
    { name: 'log loss', loss: logLoss, selection: expected.caruana.logLoss },
    { name: 'error', loss: errorRate, selection: expected.caruana.error },
  ])('selection by $name', ({ loss, selection }) => {
    const found = selectMembers(table, { loss });
    expect(found.picks).toEqual(selection.picks);
    expect(found.kept).toBe(selection.prefix);
    expect(distance(found.losses, selection.losses.map(Number))).toBeLessThan(1e-14);
    expect(distance(found.weights, selection.weights)).toBe(0);
  });
});

it('the fixture of expectation maximisation', () => {
  const rows = [
    [0.5, 0.1, 0.2, 0.05, 0.3],
    [0.1, 0.4, 0.3, 0.6, 0.05],
    [0.2, 0.2, 0.2, 0.2, 0.2],
  ];
  const fit = fitLinearWeights(tableOfAnswers(rows.map((row) => logsOf([row]))));
  expect(distance(fit.weights, [0.43584319, 0.56415681, 0])).toBeLessThan(5e-9);
  expect(fit.loss).toBeCloseTo(1.36528648778882, 14);
});
