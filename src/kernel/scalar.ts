/**
 * The scalar kernels: the readable truth that the SIMD kernels are tested against, bit for bit, and
 * in float64 the ones that merge F64 tensors. Plain loops over the same memory and pointers.
 *
 * Not written for speed. Scratch pointers are accepted and left alone; padding is not written.
 */

import type { Kernels } from './kernels.ts';
import { dropRandomly } from './scalar/bernoulli.ts';
import { decode, encode } from './scalar/convert.ts';
import { countOverlap, electSign, mergeOverlap, variance } from './scalar/elect.ts';
import {
  addScaled,
  divide,
  nearswap,
  scale,
  subtract,
  weightedSum,
  weightedSumByElement,
} from './scalar/elementwise.ts';
import { dropByProbability } from './scalar/random.ts';
import { rankLinear } from './scalar/rank.ts';
import { addGram, addProducts, dot, sumMagnitudes } from './scalar/reduce.ts';
import {
  countKey,
  histogramCoarse,
  histogramKeys,
  zeroBelow,
  zeroEqual,
  zeroFrom,
} from './scalar/select.ts';
import { importance, rowDivergence } from './scalar/softmax.ts';
import { addBaseBf16, weightedSumBf16 } from './scalar/stored.ts';
import {
  deltaAtRandomBf16,
  deltaBf16,
  deltaWithinBf16,
  histogramDeltaKeys,
} from './scalar/storedDelta.ts';
import { openTiles, type Precision, type Tiles } from './scalar/tiles.ts';

export type { Precision } from './scalar/tiles.ts';

/**
 * Scalar kernels over `buffer` as it is now: memory that grows later is not seen. In float64 mode
 * tiles and weights are float64, and order keys are those of the magnitudes rounded to float32.
 */
export function createScalarKernels(buffer: ArrayBufferLike, precision: Precision): Kernels {
  const tiles = openTiles(buffer, precision);
  const on = <A extends unknown[], R>(kernel: (tiles: Tiles, ...args: A) => R) => {
    return (...args: A): R => kernel(tiles, ...args);
  };
  return {
    name: precision === 'float32' ? 'scalar' : 'scalar64',
    numberBytes: tiles.numberBytes,
    decode: on(decode),
    decodeDelta(dtype, source, base, target, count) {
      decode(tiles, dtype, source, target, count);
      subtract(tiles, target, base, target, count);
    },
    encode: on(encode),
    scale: on(scale),
    divide: on(divide),
    addScaled: on(addScaled),
    subtract: on(subtract),
    weightedSum: on(weightedSum),
    weightedSumByElement: on(weightedSumByElement),
    weightedSumBf16: on(weightedSumBf16),
    addBaseBf16: on(addBaseBf16),
    deltaBf16: on(deltaBf16),
    deltaWithinBf16: on(deltaWithinBf16),
    deltaAtRandomBf16: on(deltaAtRandomBf16),
    histogramDeltaKeys: on(histogramDeltaKeys),
    nearswap: on(nearswap),
    electSign: on(electSign),
    mergeOverlap: on(mergeOverlap),
    countOverlap: on(countOverlap),
    variance: on(variance),
    dot: on(dot),
    sumMagnitudes: on(sumMagnitudes),
    addGram: on(addGram),
    addProducts: on(addProducts),
    histogramCoarse: on(histogramCoarse),
    histogramKeys: on(histogramKeys),
    countKey: on(countKey),
    zeroBelow: on(zeroBelow),
    zeroFrom: on(zeroFrom),
    zeroEqual: on(zeroEqual),
    dropRandomly: on(dropRandomly),
    dropByProbability: on(dropByProbability),
    rankLinear: on(rankLinear),
    rowDivergence: on(rowDivergence),
    importance: on(importance),
  };
}
