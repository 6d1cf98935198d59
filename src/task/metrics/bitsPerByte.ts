/**
 * Bits per byte: how many bits a code made from the model spends on a byte of text (C. E. Shannon,
 * 1948; for language models: J. Rae et al., 2021, arXiv:2112.11446).
 *
 *     bits per byte = -sum of log2 p(text) / number of bytes in UTF-8
 *
 * No tokenizer enters it, so any two models can be compared. Of no bytes there is none (NaN).
 */

import type { LikelihoodMetric } from './metric.ts';

export const bitsPerByte: LikelihoodMetric = {
  name: 'bits_per_byte',
  kind: 'likelihood',
  higherIsBetter: false,
  statistics: ({ logProbability, byteCount }) => Float64Array.of(logProbability, byteCount),
  value: (total) => -total[0]! / Math.LN2 / total[1]!,
};
