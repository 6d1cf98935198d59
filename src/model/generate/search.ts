/**
 * Runs searches side by side: one per input, each with some rows of one stream. A search knows its
 * own rows only, so what it finds does not depend on the others.
 */

import { badInput, FusionError } from '../../errors.ts';
import { throwIfAborted } from '../abort.ts';
import type { RequestOptions, TokenStream } from '../languageModel.ts';
import type { Hypothesis } from './hypothesis.ts';

/** A row of the next step: `parent` is a row of this one, counted within the search. */
export interface Continuation {
  readonly parent: number;
  readonly token: number;
}

export interface Search {
  /**
   * Reads the log-probabilities of its rows, one at first, with what was taken off the logits of each
   * where there are any; no continuation means that it has ended.
   */
  readonly step: (
    rows: readonly Float32Array[],
    logNormalizers?: Float32Array,
  ) => readonly Continuation[];
  readonly result: () => readonly Hypothesis[];
}

export async function runSearches(
  stream: TokenStream,
  searches: readonly Search[],
  vocabularySize: number,
  request: RequestOptions,
): Promise<void> {
  let live = searches.map((search) => ({ search, rowCount: 1 }));
  while (live.length > 0) {
    const rows = rowsOf(stream, vocabularySize);
    const normalizers = stream.logNormalizers?.();
    const parents: number[] = [];
    const tokens: number[] = [];
    const next: typeof live = [];
    let firstRow = 0;
    for (const { search, rowCount } of live) {
      const end = firstRow + rowCount;
      const continuations = search.step(
        rows.slice(firstRow, end),
        normalizers?.subarray(firstRow, end),
      );
      for (const { parent, token } of continuations) {
        parents.push(firstRow + parent);
        tokens.push(token);
      }
      if (continuations.length > 0) next.push({ search, rowCount: continuations.length });
      firstRow = end;
    }
    live = next;
    if (live.length === 0) return;
    throwIfAborted(request.signal);
    await stream.advance(parents, tokens, request);
    throwIfAborted(request.signal);
  }
}

function rowsOf(stream: TokenStream, vocabularySize: number): Float32Array[] {
  const values = stream.logProbabilities();
  const rowCount = stream.rowCount();
  if (values.length < rowCount * vocabularySize) {
    throw new FusionError(
      'internal',
      `log-probabilities: ${values.length} numbers, not ${rowCount} rows of ${vocabularySize}`,
    );
  }
  return Array.from({ length: rowCount }, (_, row) =>
    values.subarray(row * vocabularySize, (row + 1) * vocabularySize),
  );
}

export function nothingPossible(length: number): FusionError {
  return badInput(
    `generation: after ${length} tokens every token is banned, impossible or not a number`,
  );
}
