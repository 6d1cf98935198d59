/**
 * What metrics of texts have in common: a text is analysed by itself (tokens, n-grams), and analyses
 * are compared. Analyses that are compared share a scope, in which equal words have equal numbers.
 */

import { badInput } from '../../errors.ts';
import type { Statistics, TextMetric } from './metric.ts';

/** A text to what is compared; `Analysis` is one of a text, of either side. */
export type Analyse<Analysis> = (text: string) => Analysis;

export interface TextMetricDefinition<Analysis> {
  readonly name: string;
  readonly higherIsBetter: boolean;
  /** Opens a scope. */
  readonly analyser: () => Analyse<Analysis>;
  /** At least one reference is given. */
  readonly compare: (hypothesis: Analysis, references: readonly Analysis[]) => Statistics;
  readonly value: (total: Statistics) => number;
  /** Where it is not `value`. */
  readonly sentenceValue?: (statistics: Statistics) => number;
}

export function textMetric<Analysis>(definition: TextMetricDefinition<Analysis>): TextMetric {
  const { name, higherIsBetter, analyser, compare, value, sentenceValue = value } = definition;
  return {
    ...{ name, kind: 'texts', higherIsBetter, value, sentenceValue },
    statistics: ({ hypothesis, references }) => {
      if (references.length === 0) {
        throw badInput(`metric "${name}": an item has no reference to compare its text with`);
      }
      const analyse = analyser();
      return compare(analyse(hypothesis), references.map(analyse));
    },
    pairs: (hypotheses, references) => {
      const analyse = oncePerText(analyser());
      const left = hypotheses.map(analyse);
      const right = references.map((text) => [analyse(text)]);
      return (hypothesis, reference) => compare(left[hypothesis]!, right[reference]!);
    },
  };
}

/** Candidates of a model are often equal, and are their own references. */
function oncePerText<Analysis>(analyse: Analyse<Analysis>): Analyse<Analysis> {
  const known = new Map<string, Analysis>();
  return (text) => {
    const analysis = known.get(text) ?? analyse(text);
    known.set(text, analysis);
    return analysis;
  };
}

/** Sentence values of all pairs, [hypotheses, references], row by row. */
export function sentenceValues(
  metric: TextMetric,
  hypotheses: readonly string[],
  references: readonly string[],
): Float64Array {
  const compare = metric.pairs(hypotheses, references);
  const values = new Float64Array(hypotheses.length * references.length);
  for (let h = 0; h < hypotheses.length; h++) {
    for (let r = 0; r < references.length; r++) {
      values[h * references.length + r] = metric.sentenceValue(compare(h, r));
    }
  }
  return values;
}
