/**
 * Perplexity: among how many equally likely tokens the model might as well have been choosing (F.
 * Jelinek, R. L. Mercer, L. R. Bahl and J. K. Baker, 1977).
 *
 *     perplexity = exp(-sum of ln p(text) / number of tokens)
 *
 * It is over all tokens of all texts, not a mean of the texts' perplexities. Models with different
 * tokenizers cannot be compared by it; bits per byte can. Without any token there is none (NaN).
 */

import type { LikelihoodMetric } from './metric.ts';

export const perplexity: LikelihoodMetric = {
  name: 'perplexity',
  kind: 'likelihood',
  higherIsBetter: false,
  statistics: ({ logProbability, tokenCount }) => Float64Array.of(logProbability, tokenCount),
  value: (total) => Math.exp(-total[0]! / total[1]!),
};
