/**
 * What a metric is: how good the outputs for all items of a task are, in one number, held as data.
 * Not: where outputs come from (../data), and whether two numbers differ by more than chance.
 *
 *     value = f(sum over items of s(item))
 *
 * The statistics s(item) are sufficient: once they are computed, the value for any resampling of the
 * items (bootstrap, permutation, fold) costs additions alone.
 */

/** Of one item, or added up over several; a metric says what each number counts. */
export type Statistics = Float64Array;

export interface MetricOver<Kind extends string, Item> {
  readonly name: string;
  readonly kind: Kind;
  readonly higherIsBetter: boolean;
  /** The same number of them for every item of a task. */
  readonly statistics: (item: Item) => Statistics;
  readonly value: (total: Statistics) => number;
}

/** An item of a classification task. Classes are numbered, alike for all items and systems. */
export interface LabelItem {
  readonly classCount: number;
  readonly truth: number;
  readonly choice: number;
  /** Of every class; absent where a model tells its choice alone. */
  readonly probabilities?: ArrayLike<number>;
}

/** An item whose answer is a text; any of the references would be right. */
export interface TextItem {
  readonly hypothesis: string;
  readonly references: readonly string[];
}

/** How probable a text is to a model. */
export interface LikelihoodItem {
  /** Natural logarithm, of the whole text. */
  readonly logProbability: number;
  /** Tokens that were predicted. */
  readonly tokenCount: number;
  /** Of the text in UTF-8. */
  readonly byteCount: number;
}

export interface LabelMetric extends MetricOver<'labels', LabelItem> {
  readonly needsProbabilities: boolean;
}

/** Statistics of a hypothesis against one reference, both given by their place in a list. */
export type ComparePair = (hypothesis: number, reference: number) => Statistics;

export interface TextMetric extends MetricOver<'texts', TextItem> {
  /** The value for one item by itself, which some metrics smooth. */
  readonly sentenceValue: (statistics: Statistics) => number;
  /** For all pairs of two lists: every text is analysed once, however many it is compared with. */
  readonly pairs: (hypotheses: readonly string[], references: readonly string[]) => ComparePair;
}

export type LikelihoodMetric = MetricOver<'likelihood', LikelihoodItem>;

export type Metric = LabelMetric | TextMetric | LikelihoodMetric;
