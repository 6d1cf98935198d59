// What the demo trains and measures: the data's parts, the four parents, accuracy by document.
import { clusteredWilsonInterval } from '../dist/numeric/intervals.js';
import { DEFAULT_NGRAM_FEATURES, ngramFeatures } from '../dist/train/ngramFeatures.js';
import { assertDisjoint, dealDocuments, splitDocuments } from '../dist/train/splitDocuments.js';
import {
  classifyFeatures,
  mostProbableLabel,
  trainTextClassifier,
  untrainedClassifier,
} from '../dist/train/textClassifier.js';
import { KINDS, readDocuments } from './corpus.mjs';

const TEST_SHARE = 0.3;
/** Chosen once, on no test result; see README.md. */
const BASE_TRAINING = { epochs: 1, learningRate: 1, l2: 1e-5, seed: 1 };
const CONTINUED_TRAINING = { epochs: 5, learningRate: 1, l2: 1e-5 };
const CONTINUED_SEEDS = { a: 2, b: 3, c: 4 };

/**
 * Which categories each continued model sees: of press, general prose and fiction, kinds of its
 * own, as when three teams fine-tune one base on what each has. Learned prose is one category, so
 * it is dealt out.
 */
const CATEGORIES = { a: 'adehkm', b: 'bfln', c: 'cgpr' };
const DEALT_CATEGORY = 'j';

/** Documents for training in four disjoint parts, and for the test; no document is in two. */
export function readParts() {
  const { train, test } = splitDocuments(readDocuments(), TEST_SHARE);
  const [base, ...others] = dealDocuments(train, 4);
  const rest = others.flat();
  const dealt = dealDocuments(
    rest.filter(({ stratum }) => stratum === DEALT_CATEGORY),
    3,
  );
  const partOf = (name, i) => [
    ...rest.filter(({ stratum }) => CATEGORIES[name].includes(stratum)),
    ...dealt[i],
  ];
  const parts = { base, a: partOf('a', 0), b: partOf('b', 1), c: partOf('c', 2), test };
  assertDisjoint(Object.values(parts));
  return parts;
}

/** [{document, label, features}], one per passage. */
export function passagesOf(documents) {
  return documents.flatMap(({ id, kind, passages }) =>
    passages.map((passage) => ({
      document: id,
      label: kind,
      features: ngramFeatures(passage, DEFAULT_NGRAM_FEATURES),
    })),
  );
}

export function trainBase(passages) {
  return trainTextClassifier(passages, untrainedClassifier(KINDS), BASE_TRAINING);
}

/** `name` is a, b or c. */
export function trainContinued(name, passages, base) {
  const seed = CONTINUED_SEEDS[name];
  return trainTextClassifier(passages, base, { ...CONTINUED_TRAINING, seed });
}

/** What one training run makes of everything that base, a, b and c saw between them. */
export function trainOnAll(passages) {
  return trainTextClassifier(passages, untrainedClassifier(KINDS), {
    ...CONTINUED_TRAINING,
    seed: 5,
  });
}

/** `clusters` counts right answers by document, in the order of the documents. */
export function measure(model, passages) {
  const features = passages.map((passage) => passage.features);
  const clusters = new Map();
  for (const [i, probabilities] of classifyFeatures(model, features).entries()) {
    const { document, label } = passages[i];
    const count = clusters.get(document) ?? { successes: 0, trials: 0 };
    if (mostProbableLabel(model, probabilities) === label) count.successes++;
    count.trials++;
    clusters.set(document, count);
  }
  const counts = [...clusters.values()];
  const right = counts.reduce((sum, { successes }) => sum + successes, 0);
  return {
    accuracy: right / passages.length,
    interval: clusteredWilsonInterval(counts),
    clusters: counts,
  };
}
