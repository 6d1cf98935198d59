/** Metrics by name, with the settings that results are usually reported with. */

import { badInput } from '../../errors.ts';
import { accuracy } from './accuracy.ts';
import { bitsPerByte } from './bitsPerByte.ts';
import { bleu } from './bleu.ts';
import { brier } from './brier.ts';
import { calibrationError } from './calibrationError.ts';
import { chrf } from './chrf.ts';
import { exactMatch } from './exactMatch.ts';
import { logLoss } from './logLoss.ts';
import { macroF1 } from './macroF1.ts';
import type { Metric } from './metric.ts';
import { microF1 } from './microF1.ts';
import { perplexity } from './perplexity.ts';
import { ter } from './ter.ts';

export const METRICS: readonly Metric[] = [
  accuracy,
  macroF1(),
  microF1,
  logLoss(),
  brier,
  calibrationError(),
  bleu(),
  chrf(),
  chrf({ wordOrder: 2 }),
  ter(),
  exactMatch,
  perplexity,
  bitsPerByte,
];

/** Names of those that compare texts. */
export const TEXT_METRICS: readonly string[] = METRICS.filter(({ kind }) => kind === 'texts').map(
  ({ name }) => name,
);

export function metricNamed(name: string): Metric {
  const found = METRICS.find((metric) => metric.name === name);
  if (found) return found;
  const names = METRICS.map((metric) => metric.name).join(', ');
  throw badInput(`there is no metric "${name}"; there are ${names}`);
}

/** One of a kind: metrics of texts for an item's texts, of labels for its labels. */
export function metricOfKind<Kind extends Metric['kind']>(
  name: string,
  kind: Kind,
): Extract<Metric, { kind: Kind }> {
  const metric = metricNamed(name);
  if (isOfKind(metric, kind)) return metric;
  throw badInput(`metric "${name}" is of ${metric.kind}, and one of ${kind} is needed`);
}

function isOfKind<Kind extends Metric['kind']>(
  metric: Metric,
  kind: Kind,
): metric is Extract<Metric, { kind: Kind }> {
  return metric.kind === kind;
}
