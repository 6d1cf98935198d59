/** Random distributions for properties. */

import fc from 'fast-check';

export interface RandomMembers {
  /** [members][rows * size], log-probabilities. */
  readonly members: readonly Float64Array[];
  readonly weights: readonly number[];
  readonly rows: number;
  readonly size: number;
}

/** @param zeros whether some probabilities are 0, never all of a row */
export function randomMembers(zeros: boolean): fc.Arbitrary<RandomMembers> {
  const shape = fc.record({
    count: fc.integer({ min: 1, max: 4 }),
    rows: fc.integer({ min: 1, max: 3 }),
    size: fc.integer({ min: 2, max: 5 }),
  });
  return shape.chain(({ count, rows, size }) => {
    const mass = zeros
      ? fc.oneof({ arbitrary: positive, weight: 4 }, { arbitrary: fc.constant(0), weight: 1 })
      : positive;
    const list = (length: number, of: fc.Arbitrary<number>) =>
      fc.array(of, { minLength: length, maxLength: length });
    return fc.record({
      members: fc
        .array(list(rows * size, mass), { minLength: count, maxLength: count })
        .map((all) => all.map((masses) => normalizedRows(masses, size))),
      weights: list(count, positive),
      rows: fc.constant(rows),
      size: fc.constant(size),
    });
  });
}

const positive = fc.double({ min: 0.001, max: 1, noNaN: true });

function normalizedRows(masses: readonly number[], size: number): Float64Array {
  return Float64Array.from(masses, (mass, k) => {
    const row = masses.slice(k - (k % size), k - (k % size) + size);
    const total = row.reduce((sum, each) => sum + each, 0);
    return total === 0 ? -Math.log(size) : Math.log(mass / total);
  });
}
