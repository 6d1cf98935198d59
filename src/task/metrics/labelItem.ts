/**
 * A predicted label beside the true one, as metrics take it: classes by number, probabilities in one
 * order. Labels are matched by name, and one that is not among the classes is an error.
 */

import { badInput } from '../../errors.ts';
import type { LabelPrediction } from '../data/prediction.ts';
import { listed, quoted } from '../data/row.ts';
import type { LabelItem } from './metric.ts';

/** @returns from the true label and the prediction of an item to what metrics take */
export function labelItemReader(
  classes: readonly string[],
): (truth: string, prediction: LabelPrediction) => LabelItem {
  const places = new Map(classes.map((name, i) => [name, i]));
  return (truth, prediction) => {
    const place = (label: string, what: string) =>
      places.get(label) ?? failUnknown(prediction.id, what, label, classes);
    const { id, label, probabilities } = prediction;
    const item = {
      classCount: classes.length,
      truth: place(truth, 'the true label'),
      choice: place(label, 'the predicted label'),
    };
    if (probabilities === undefined) return item;
    for (const name of Object.keys(probabilities)) place(name, 'a label with a probability');
    return { ...item, probabilities: inOrder(id, classes, probabilities) };
  };
}

function inOrder(
  id: string,
  classes: readonly string[],
  probabilities: Readonly<Record<string, number>>,
): Float64Array {
  const missing = classes.filter((name) => !Object.hasOwn(probabilities, name));
  if (missing.length > 0) {
    throw badInput(`item ${quoted(id)}: there is no probability of ${listed(missing)}`);
  }
  return Float64Array.from(classes, (name) => probabilities[name]!);
}

function failUnknown(id: string, what: string, label: string, classes: readonly string[]): never {
  throw badInput(
    `item ${quoted(id)}: ${what} is ${quoted(label)}, and the classes are ${listed(classes)}`,
  );
}

/** What a metric of probabilities reads. */
export function probabilitiesOf(item: LabelItem, metric: string): ArrayLike<number> {
  if (item.probabilities !== undefined) return item.probabilities;
  throw badInput(
    `metric "${metric}" needs the probability of every class, and an item has its label alone`,
  );
}
