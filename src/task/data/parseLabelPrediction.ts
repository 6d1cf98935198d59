/**
 * A row that predicts a label. Probabilities are an object in JSONL and columns `p:<label>` in a
 * table; they must be a distribution, over the same labels in every row, whose label is most probable.
 */

import type { Json } from '../../checkpoint/checkpoint.ts';
import { isJsonObject } from '../../checkpoint/textFile.ts';
import type { LabelPrediction } from './prediction.ts';
import { describe, listed, nameIn, problemInRow, quoted, type Row, toNumber } from './row.ts';

/** A first row, which the others must be like. */
export interface LabelExample {
  readonly line: number;
  /** Those with probabilities; undefined without any. */
  readonly labels: readonly string[] | undefined;
}

type Probabilities = Readonly<Record<string, number>>;

/** Of the sum: float32 rounding stays within it, a few printed digits do not. */
const TOLERANCE = 1e-6;

const PREFIX = 'p:';

export function predictsLabel({ fields }: Row): boolean {
  const marks = (column: string) =>
    column === 'label' || column === 'probabilities' || column.startsWith(PREFIX);
  return [...fields.keys()].some(marks);
}

export function labelExampleOf(row: Row, { probabilities }: LabelPrediction): LabelExample {
  return { line: row.line, labels: probabilities && Object.keys(probabilities) };
}

/** Without a label in the row it is the most probable one; of several, the first. */
export function parseLabelPrediction(
  id: string,
  row: Row,
  first: LabelExample | undefined,
  name: string,
): LabelPrediction {
  const label = nameIn(row, 'label', name);
  const probabilities = probabilitiesIn(row, name);
  if (first) assertLike(first, probabilities, row, name);
  if (probabilities) {
    assertDistribution(probabilities, row, name);
    return { id, label: mostProbable(label, probabilities, row, name), probabilities };
  }
  if (label !== undefined) return { id, label };
  throw problemInRow(name, row.line, 'has neither a label nor probabilities');
}

function probabilitiesIn(row: Row, name: string): Probabilities | undefined {
  const found = new Map<string, number>();
  for (const [label, value] of probabilityFields(row, name)) {
    const number = toNumber(value);
    if (!(number >= 0 && number <= 1)) {
      throw problemInRow(
        name,
        row.line,
        `the probability of ${quoted(label)} is ${describe(value)}, not a number from 0 to 1`,
      );
    }
    found.set(label, number);
  }
  return found.size > 0 ? Object.fromEntries(found) : undefined;
}

function probabilityFields({ fields, line }: Row, name: string): (readonly [string, Json])[] {
  const whole = fields.get('probabilities') ?? undefined;
  if (whole === undefined) {
    const columns = [...fields].filter(([column]) => column.startsWith(PREFIX));
    return columns.map(([column, value]) => [column.slice(PREFIX.length), value]);
  }
  if (isJsonObject(whole)) return Object.entries(whole);
  throw problemInRow(
    name,
    line,
    `"probabilities" is ${describe(whole)}, not an object; a table has a column ${PREFIX}<label> for each label`,
  );
}

function assertLike(
  first: LabelExample,
  probabilities: Probabilities | undefined,
  row: Row,
  name: string,
): void {
  const labels = probabilities && Object.keys(probabilities);
  const isSame = labels
    ? labels.length === first.labels?.length &&
      first.labels.every((label) => Object.hasOwn(probabilities, label))
    : first.labels === undefined;
  if (isSame) return;
  throw problemInRow(
    name,
    row.line,
    `has ${describeLabels(labels)}, but line ${first.line} has ${describeLabels(first.labels)}; all rows must have the same`,
  );
}

function describeLabels(labels: readonly string[] | undefined): string {
  return labels ? `probabilities of ${listed(labels)}` : 'no probabilities';
}

function assertDistribution(probabilities: Probabilities, row: Row, name: string): void {
  const sum = Object.values(probabilities).reduce((total, value) => total + value, 0);
  if (Math.abs(sum - 1) <= TOLERANCE) return;
  throw problemInRow(
    name,
    row.line,
    `the probabilities sum to ${sum}, not to 1 within ${TOLERANCE}; write them with all their digits`,
  );
}

/** The label of the row, if it has one, which then must be it. */
function mostProbable(
  label: string | undefined,
  probabilities: Probabilities,
  row: Row,
  name: string,
): string {
  const entries = Object.entries(probabilities);
  const [best, highest] = entries.reduce((a, b) => (b[1] > a[1] ? b : a));
  if (label === undefined) return best;
  const own = entries.find(([each]) => each === label)?.[1];
  if (own === highest) return label;
  const has = own === undefined ? 'has no probability' : `has probability ${own}`;
  throw problemInRow(
    name,
    row.line,
    `the label ${quoted(label)} ${has}, but ${quoted(best)} has ${highest}; the label must be the most probable one`,
  );
}
