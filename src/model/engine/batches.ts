/** Requests of many rows, cut into batches: rows of like length together, so that little is padded. */

import { abortable } from '../abort.ts';
import type { RequestOptions } from '../languageModel.ts';

const MOST_ROWS = 32;
const MOST_TOKENS = 1024;

/** Runs all rows, batch by batch; results are in the order of the rows. */
export async function inBatches<Row, Result>(
  rows: readonly Row[],
  lengthOf: (row: Row) => number,
  run: (batch: readonly Row[]) => Promise<readonly Result[]>,
  { signal }: RequestOptions,
): Promise<Result[]> {
  const order = rows.map((_, i) => i).sort((a, b) => lengthOf(rows[a]!) - lengthOf(rows[b]!));
  const results = new Array<Result>(rows.length);
  for (const indices of cut(order, (i) => lengthOf(rows[i]!))) {
    const batch = indices.map((i) => rows[i]!);
    const outcome = await abortable(run(batch), signal);
    indices.forEach((index, i) => {
      results[index] = outcome[i]!;
    });
  }
  return results;
}

/** Rising lengths, so the last one of a batch says how wide it is. */
function cut(order: readonly number[], lengthOf: (index: number) => number): number[][] {
  const batches: number[][] = [];
  for (const index of order) {
    const batch = batches.at(-1);
    const isFull =
      !batch || batch.length === MOST_ROWS || (batch.length + 1) * lengthOf(index) > MOST_TOKENS;
    if (isFull) batches.push([index]);
    else batch.push(index);
  }
  return batches;
}
