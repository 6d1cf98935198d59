/**
 * Exact match: the share of items whose text is one of the references, character by character, from
 * 0 to 1. Not the exact match of question answering (P. Rajpurkar et al., 2016), which drops case,
 * articles and punctuation: normalise the texts before, where an answer allows it.
 */

import { meanStatistics, meanValue } from './itemMean.ts';
import type { TextMetric } from './metric.ts';
import { textMetric } from './textMetric.ts';

export const exactMatch: TextMetric = textMetric<string>({
  name: 'exact_match',
  higherIsBetter: true,
  analyser: () => (text) => text,
  compare: (hypothesis, references) => meanStatistics(references.includes(hypothesis) ? 1 : 0),
  value: meanValue,
});
