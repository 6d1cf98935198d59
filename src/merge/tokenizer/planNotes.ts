/** What a person should know of a tokenizer plan: rows dropped, rows that nobody has, rows added. */

import type { TokenizerModel } from './outputVocabulary.ts';
import { type RowMap, type RowPlanInput, ZERO_ROW } from './rowMap.ts';

export function planNotes(input: RowPlanInput, maps: readonly RowMap[]): string[] {
  const { output, models, keptRows, rowCount, tokens } = input;
  const source = models[output.source]!;
  const notes = models.flatMap((model) => (model.merged ? modelNotes(model, input) : []));
  const brought = models.flatMap(({ reference }, index) => {
    const count = output.additions.filter((addition) => addition.model === index).length;
    return count > 0 ? [`${count} of ${reference}`] : [];
  });
  if (brought.length > 0) {
    notes.unshift(`tokens added to the vocabulary of ${source.reference}: ${brought.join(', ')}`);
  }
  const asked = (r: number) => tokens[output.byId[r] ?? '']?.source?.kind === 'zero';
  const zero = count(keptRows, (r) => !asked(r) && maps.every((map) => map.model[r] === ZERO_ROW));
  if (zero.count > 0) {
    notes.push(`no model has a row for ${rowsText(zero)} of the output: zero`);
  }
  if (rowCount > keptRows) {
    notes.push(`padding: ${rowsText(count(rowCount, (r) => r >= keptRows))} of the output, zero`);
  }
  return notes;
}

interface Counted {
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

function count(end: number, holds: (index: number) => boolean): Counted {
  let [count, first, last] = [0, -1, -1];
  for (let i = 0; i < end; i++) {
    if (!holds(i)) continue;
    if (count++ === 0) first = i;
    last = i;
  }
  return { count, first, last };
}

function rowsText({ count, first, last }: Counted): string {
  if (count === 1) return `row ${first}`;
  return count === last - first + 1
    ? `rows ${first} to ${last}`
    : `${count} rows from ${first} to ${last}`;
}

function modelNotes(
  { reference, vocabulary, rows }: TokenizerModel,
  { output, keptRows }: RowPlanInput,
): string[] {
  const notes: string[] = [];
  const rowless = count(vocabulary.size, (id) => id >= rows && vocabulary.byId[id] !== undefined);
  if (rowless.count > 0) {
    notes.push(
      `${reference}: its vocabulary has ${vocabulary.size} ids but its embedding ${rows} rows; ` +
        `${rowless.count} tokens (from ${JSON.stringify(vocabulary.byId[rowless.first])}) count as missing in it`,
    );
  }
  const dropped = count(rows, (id) => {
    const token = vocabulary.byId[id];
    return token !== undefined && !output.tokens.has(token);
  });
  if (dropped.count > 0) {
    notes.push(
      `${reference}: ${dropped.count} tokens (from ${JSON.stringify(vocabulary.byId[dropped.first])}) ` +
        'are not in the output vocabulary; their rows are dropped',
    );
  }
  const unnamed = count(
    rows,
    (id) => vocabulary.byId[id] === undefined && (id >= keptRows || output.byId[id] !== undefined),
  );
  if (unnamed.count > 0) {
    notes.push(`${reference}: no token for ${rowsText(unnamed)} of its embedding: dropped`);
  }
  return notes;
}
