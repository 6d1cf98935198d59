import { describe, expect, it } from 'vitest';
import { linearPool } from '../../../src/ensemble/pool/linearPool.ts';
import { logLinearPool } from '../../../src/ensemble/pool/logLinearPool.ts';
import { logLoss } from '../../../src/ensemble/weights/losses.ts';
import { distance, memberTableOf, POOL_TABLES } from '../oracles.ts';

describe.each(POOL_TABLES)('$id', (oracle) => {
  const table = memberTableOf(oracle);
  const out = new Float64Array(table.members[0]!.length);
  const pools = [
    {
      name: 'uniform',
      weights: table.members.map(() => 1 / oracle.members),
      ...oracle.expected.uniform,
    },
    { name: 'weighted', weights: oracle.expected.weighted.weights!, ...oracle.expected.weighted },
  ];

  it.each(pools)('linear, $name', ({ weights, linear, linearLogLoss }) => {
    linearPool(table.members, weights, out);
    expect(distance(out.map(Math.exp), linear.flat())).toBeLessThan(1e-13);
    expect(logLoss(out, table)).toBeCloseTo(linearLogLoss, 12);
  });

  it.each(pools)('log-linear with a floor, $name', (pool) => {
    logLinearPool(table.members, pool.weights, oracle.classes, out, { floor: 1e-12 });
    expect(distance(out.map(Math.exp), pool.logLinearFloored.flat())).toBeLessThan(1e-13);
    if (pool.logLinearLogLoss === undefined) return;
    expect(logLoss(out, table)).toBeCloseTo(pool.logLinearLogLoss, 12);
  });
});

const withZeros = POOL_TABLES.filter(({ expected }) => expected.weighted.logLinearExactZeros);

it.each(withZeros)('$id: log-linear with exact zeros, row by row', (oracle) => {
  const { classes, expected } = oracle;
  const { members } = memberTableOf(oracle);
  expected.weighted.logLinearExactZeros!.forEach((distribution, item) => {
    const rows = members.map((member) => member.subarray(item * classes, (item + 1) * classes));
    const out = new Float64Array(classes);
    const pool = () => logLinearPool(rows, expected.weighted.weights!, classes, out);
    if (distribution === null) expect(pool).toThrow(/every outcome is vetoed/);
    else {
      pool();
      expect(distance(out.map(Math.exp), distribution)).toBeLessThan(1e-13);
    }
  });
});
