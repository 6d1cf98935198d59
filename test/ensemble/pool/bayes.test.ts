import fc from 'fast-check';
import { expect, it } from 'vitest';
import { updatedLogWeights } from '../../../src/ensemble/pool/bayes.ts';
import { linearPoolOfLogWeights, logWeightsOf } from '../../../src/ensemble/pool/linearPool.ts';
import { randomMembers } from '../arbitrary.ts';
import { distance, logsOf } from '../oracles.ts';

/** Markov models over `size` states: rows are what follows a state, and the first state is 0. */
function logProbabilityOfSequence(chain: Float64Array, size: number, sequence: readonly number[]) {
  return sequence.reduce(
    ({ total, state }, next) => ({ total: total + chain[state * size + next]!, state: next }),
    { total: 0, state: 0 },
  ).total;
}

/** By the chain rule, with weights that follow the history. */
function logProbabilityStepwise(
  chains: readonly Float64Array[],
  priors: readonly number[],
  size: number,
  sequence: readonly number[],
  strength: number,
): number {
  const logPriors = logWeightsOf(priors);
  const fused = new Float64Array(size);
  let logWeights = logPriors;
  let state = 0;
  let total = 0;
  for (const next of sequence) {
    const rows = chains.map((chain) => chain.subarray(state * size, (state + 1) * size));
    linearPoolOfLogWeights(rows, logWeights, fused);
    total += fused[next]!;
    logWeights = updatedLogWeights(
      logWeights,
      rows.map((row) => row[next]!),
      logPriors,
      strength,
    );
    state = next;
  }
  return total;
}

const cases = randomMembers(false)
  .filter(({ rows, size }) => rows >= 2 && size >= 2)
  .chain(({ members, weights, rows, size }) => {
    const states = Math.min(rows, size);
    return fc.record({
      // Rows of the members are cut to squares, and normalised again.
      chains: fc.constant(members.map((member) => squareOf(member, size, states))),
      priors: fc.constant(weights),
      size: fc.constant(states),
      sequence: fc.array(fc.integer({ min: 0, max: states - 1 }), { minLength: 1, maxLength: 12 }),
    });
  });

function squareOf(member: Float64Array, size: number, states: number): Float64Array {
  return Float64Array.from({ length: states * states }, (_, k) => {
    const row = Math.floor(k / states) * size;
    let total = 0;
    for (let y = 0; y < states; y++) total += Math.exp(member[row + y]!);
    return member[row + (k % states)]! - Math.log(total);
  });
}

it('with strength 1 the steps multiply to the mixture of whole sequences', () => {
  fc.assert(
    fc.property(cases, ({ chains, priors, size, sequence }) => {
      const total = priors.reduce((a, b) => a + b);
      const mixture = chains.reduce(
        (sum, chain, i) =>
          sum + (priors[i]! / total) * Math.exp(logProbabilityOfSequence(chain, size, sequence)),
        0,
      );
      const stepwise = logProbabilityStepwise(chains, priors, size, sequence, 1);
      expect(Math.abs(stepwise - Math.log(mixture))).toBeLessThan(1e-11);
    }),
  );
});

it('with strength 0 every step is the linear pool by the priors', () => {
  fc.assert(
    fc.property(cases, ({ chains, priors, size, sequence }) => {
      const total = priors.reduce((a, b) => a + b);
      let expected = 0;
      let state = 0;
      for (const next of sequence) {
        const mean = chains.reduce(
          (sum, chain, i) => sum + (priors[i]! / total) * Math.exp(chain[state * size + next]!),
          0,
        );
        expected += Math.log(mean);
        state = next;
      }
      expect(logProbabilityStepwise(chains, priors, size, sequence, 0)).toBeCloseTo(expected, 10);
    }),
  );
});

it('keeps members apart that a product of probabilities would lose to underflow', () => {
  const priors = logWeightsOf([1, 1]);
  let weights = priors;
  for (let step = 0; step < 2000; step++)
    weights = updatedLogWeights(weights, [-40, -40.001], priors, 1);
  expect(weights[0]! - weights[1]!).toBeCloseTo(2, 8);
  expect(Math.exp(weights[0]!) + Math.exp(weights[1]!)).toBeCloseTo(1, 13);
});

it('drops a member that gave a token 0, and falls back to the priors when all of them did', () => {
  const priors = logWeightsOf([1, 3]);
  const one = updatedLogWeights(priors, [Number.NEGATIVE_INFINITY, -1], priors, 1);
  expect(Array.from(one, Math.exp)).toEqual([0, 1]);
  const none = updatedLogWeights(one, [-1, Number.NEGATIVE_INFINITY], priors, 1);
  expect(distance(none, logsOf([[0.25, 0.75]]))).toBeLessThan(1e-15);
  const unmoved = updatedLogWeights(priors, [Number.NEGATIVE_INFINITY, -1], priors, 0);
  expect(unmoved).toEqual(priors);
});

it('refuses a negative strength', () => {
  const priors = logWeightsOf([1]);
  expect(() => updatedLogWeights(priors, [-1], priors, -1)).toThrow(
    'strength -1 is not a number from 0',
  );
});
