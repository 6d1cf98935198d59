/**
 * Files of predictions, made by lmfuse or elsewhere: JSONL of `{id, label, probabilities}` or
 * `{id, text, logprob}`, or a table with the columns `id`, `label` and one `p:<label>` per label, or
 * `id`, `text`, `logprob`. Probabilities and `logprob` may be absent throughout. Other columns are
 * passed over; a `text` beside a label is the item's own.
 */

import { type DataInput, nameOfInput } from './input.ts';
import {
  type LabelExample,
  labelExampleOf,
  parseLabelPrediction,
  predictsLabel,
} from './parseLabelPrediction.ts';
import type { LabelPrediction, TextPrediction } from './prediction.ts';
import { listed, nameIn, numberIn, problemInRow, quoted, type Row, textIn } from './row.ts';
import { type ReadRowsOptions, readRows } from './rows.ts';

export interface LabelPredictions {
  readonly kind: 'labels';
  /** Of the probabilities, in the order of the first row; without any, all that occur, sorted. */
  readonly labels: readonly string[];
  /** In the order of the file. */
  readonly byId: ReadonlyMap<string, LabelPrediction>;
}

export interface TextPredictions {
  readonly kind: 'texts';
  readonly byId: ReadonlyMap<string, TextPrediction>;
}

export type Predictions = LabelPredictions | TextPredictions;

export async function readPredictions(
  input: DataInput,
  options: Pick<ReadRowsOptions, 'format'> = {},
): Promise<Predictions> {
  return parsePredictions(readRows(input, options), nameOfInput(input));
}

/** `name` is what messages call the file. */
export async function parsePredictions(
  batches: AsyncIterable<readonly Row[]>,
  name: string,
): Promise<Predictions> {
  const file: OpenFile = { name, lineOfId: new Map(), labels: new Map(), texts: new Map() };
  for await (const rows of batches) {
    for (const row of rows) takeRow(row, file);
  }
  const { first, labels, texts } = file;
  if (texts.size > 0) return { kind: 'texts', byId: texts };
  return { kind: 'labels', labels: first?.labels ?? namesIn(labels), byId: labels };
}

/** What has been read of a file so far. */
interface OpenFile {
  readonly name: string;
  readonly lineOfId: Map<string, number>;
  readonly labels: Map<string, LabelPrediction>;
  readonly texts: Map<string, TextPrediction>;
  first?: LabelExample;
}

function takeRow(row: Row, file: OpenFile): void {
  const isLabel = predictsLabel(row);
  const { labels, texts, name } = file;
  if ((isLabel ? texts : labels).size > 0) {
    const [own, others] = isLabel ? ['label', 'texts'] : ['text', 'labels'];
    throw problemInRow(
      name,
      row.line,
      `predicts a ${own}, while the rows before it predict ${others}; make it two files`,
    );
  }
  const id = takeId(row, file);
  if (isLabel) {
    const prediction = parseLabelPrediction(id, row, file.first, name);
    file.first ??= labelExampleOf(row, prediction);
    labels.set(id, prediction);
  } else {
    texts.set(id, parseTextPrediction(id, row, name));
  }
}

function takeId(row: Row, { name, lineOfId }: OpenFile): string {
  const id = nameIn(row, 'id', name);
  if (id === undefined) {
    throw problemInRow(name, row.line, 'has no "id", by which a prediction finds its item');
  }
  const before = lineOfId.get(id);
  if (before !== undefined) {
    throw problemInRow(
      name,
      row.line,
      `the id ${quoted(id)} is also that of line ${before}; ids must differ`,
    );
  }
  lineOfId.set(id, row.line);
  return id;
}

/** Rounding may leave the logarithm of a certain text just above 0. */
const HIGHEST_LOGPROB = 1e-6;

function parseTextPrediction(id: string, row: Row, name: string): TextPrediction {
  const text = textIn(row, 'text', name);
  if (text === undefined) {
    throw problemInRow(
      name,
      row.line,
      `has neither "label" nor "probabilities" nor "text", but ${listed([...row.fields.keys()])}`,
    );
  }
  const logprob = numberIn(row, 'logprob', name);
  if (logprob === undefined) return { id, text };
  if (logprob <= HIGHEST_LOGPROB) return { id, text, logprob };
  throw problemInRow(
    name,
    row.line,
    `"logprob" is ${logprob}, above 0; it is the natural logarithm of a probability`,
  );
}

function namesIn(predictions: ReadonlyMap<string, LabelPrediction>): readonly string[] {
  return [...new Set([...predictions.values()].map(({ label }) => label))].sort();
}
