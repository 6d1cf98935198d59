// The kernels: float32 SIMD over shared WebAssembly memory. Pointers are byte offsets; nothing is
// allocated, no state is kept, so any number of workers can share one module and one memory.

export {
  copyBytes, decodeBf16, decodeF16, encodeBf16, encodeF16, encodeF32, encodeF64, subtractBf16,
  subtractF16,
} from './convert';
export {
  addScaled, divide, nearswap, scale, subtract, weightedSum, weightedSumByElement,
} from './elementwise';
export { countOverlap, electSign, mergeOverlap, variance } from './elect';
export { dropRandomly } from './bernoulli';
export { dropByProbability, philox } from './random';
export { rankLinear } from './rank';
export { addGram, addProducts, dot, sumMagnitudes } from './reduce';
export {
  countKey, histogramCoarse, histogramKeys, zeroBelow, zeroEqual, zeroFrom,
} from './select';
export { importance, rowDivergence } from './softmax';
export { addBaseBf16, weightedSumBf16 } from './stored';
export { deltaAtRandomBf16, deltaBf16, deltaWithinBf16, histogramDeltaKeys } from './storedDelta';
