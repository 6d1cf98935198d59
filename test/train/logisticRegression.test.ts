import { describe, expect, it } from 'vitest';
import { seededRandom, uniformInteger } from '../../src/numeric/random.ts';
import {
  fitLogisticRegression,
  type LabelledVector,
  logisticLoss,
  predictProbabilities,
  zeroParameters,
} from '../../src/train/logisticRegression.ts';

const FEATURES = 6;
const CLASSES = 3;
const random = seededRandom(11);
const uniform = () => uniformInteger(random, 2 ** 31) / 2 ** 30 - 1;

function example(label: number): LabelledVector {
  const indices = Uint32Array.of(0, 2, 5);
  return { features: { indices, values: Float64Array.from(indices, uniform) }, label };
}

function randomParameters() {
  const zero = zeroParameters(FEATURES, CLASSES);
  return { ...zero, weight: zero.weight.map(uniform), bias: zero.bias.map(uniform) };
}

/** Central difference of the loss in one number of `values`, which is put back. */
function slope(values: Float64Array, i: number, loss: () => number): number {
  const h = 1e-5;
  const kept = values[i]!;
  values[i] = kept + h;
  const above = loss();
  values[i] = kept - h;
  const below = loss();
  values[i] = kept;
  return (above - below) / (2 * h);
}

describe('fitLogisticRegression', () => {
  it('steps along the gradient of the stated loss', () => {
    const l2 = 0.3;
    const learningRate = 0.5;
    for (const label of [0, 1, 2]) {
      const one = [example(label)];
      const start = randomParameters();
      const fitted = fitLogisticRegression(one, start, { epochs: 1, learningRate, l2, seed: 1 });
      for (const part of ['weight', 'bias'] as const) {
        for (let i = 0; i < start[part].length; i++) {
          const stepped = (start[part][i]! - fitted[part][i]!) / learningRate;
          const expected = slope(start[part], i, () => logisticLoss(one, start, l2));
          expect(Math.abs(stepped - expected)).toBeLessThan(1e-9);
        }
      }
    }
  });

  it('comes to the minimum, where the mean gradient vanishes', () => {
    const examples = [0, 1, 2, 0, 1, 2, 1].map(example);
    const l2 = 0.05;
    const settings = { epochs: 20_000, learningRate: 0.2, l2, seed: 4 };
    const fitted = fitLogisticRegression(examples, zeroParameters(FEATURES, CLASSES), settings);
    const loss = () => logisticLoss(examples, fitted, l2);
    for (let i = 0; i < fitted.weight.length; i++) {
      expect(Math.abs(slope(fitted.weight, i, loss))).toBeLessThan(2e-3);
    }
  });

  it('folds the scale away without changing the result', () => {
    // 200 steps that halve the weights each: the scale would fall to 2^-200.
    const examples = Array.from({ length: 200 }, () => example(0));
    const settings = { epochs: 1, learningRate: 1, l2: 0.5, seed: 1 };
    const fitted = fitLogisticRegression(examples, randomParameters(), settings);
    expect(fitted.weight.every(Number.isFinite)).toBe(true);
    expect(Math.max(...fitted.weight.map(Math.abs))).toBeLessThan(3);
  });

  it('starts from the given parameters and leaves them as they are', () => {
    const start = randomParameters();
    const before = start.weight.slice();
    const settings = { epochs: 2, learningRate: 0.1, l2: 0.001, seed: 1 };
    const warm = fitLogisticRegression([example(1)], start, settings);
    expect(start.weight).toEqual(before);
    expect(fitLogisticRegression([], start, settings)).toEqual(start);
    expect(fitLogisticRegression([example(1)], start, { ...settings, epochs: 0 })).toEqual(start);
    // Features that no example has are only shrunk, so they still show where training began.
    const ratio = warm.weight[3]! / start.weight[3]!;
    expect(ratio).toBeCloseTo((1 - 0.1 * 0.001) ** 2, 6);
  });

  it('depends on the seed and on nothing else', () => {
    const examples = [0, 1, 2, 0, 1].map(example);
    const start = zeroParameters(FEATURES, CLASSES);
    const fitWith = (seed: number) =>
      fitLogisticRegression(examples, start, { epochs: 3, learningRate: 1, l2: 1e-3, seed });
    expect(fitWith(1)).toEqual(fitWith(1));
    expect(fitWith(1).weight).not.toEqual(fitWith(2).weight);
  });

  it('gives probabilities, also for large scores', () => {
    const parameters = zeroParameters(FEATURES, CLASSES);
    expect([...predictProbabilities(parameters, example(0).features)]).toEqual([
      1 / 3,
      1 / 3,
      1 / 3,
    ]);
    parameters.bias.set([1e4, 0, -1e4]);
    expect([...predictProbabilities(parameters, example(0).features)]).toEqual([1, 0, 0]);
  });

  it('refuses what it cannot learn from', () => {
    const start = zeroParameters(4, 2);
    const settings = { epochs: 1, learningRate: 1, l2: 0, seed: 1 };
    const fits = (label: number) => () => fitLogisticRegression([example(label)], start, settings);
    expect(fits(2)).toThrow('label: 2 is not one of the 2 classes');
    expect(fits(0)).toThrow('feature 5: the model has 4 features');
    for (const wrong of [{ epochs: 1.5 }, { learningRate: 0 }, { l2: 1 }, { seed: -1 }]) {
      expect(() => fitLogisticRegression([], start, { ...settings, ...wrong })).toThrow();
    }
  });
});
