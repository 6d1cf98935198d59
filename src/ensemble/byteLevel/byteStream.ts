/** Texts that grow by a byte at a time, in the form in which generation runs over tokens. */

import { badInput } from '../../errors.ts';
import type { RequestOptions, TokenStream } from '../../model/languageModel.ts';
import { type ByteRow, type ByteRule, openByteRows } from './byteRows.ts';
import { END, OUTCOMES } from './outcomes.ts';

export async function openByteStream(
  rule: ByteRule,
  inputs: readonly (readonly number[])[],
  options: RequestOptions = {},
): Promise<TokenStream> {
  for (const input of inputs) checkBytes(input);
  const opened = openByteRows(rule, options);
  try {
    let rows = await opened.start(inputs.map((given) => ({ given, following: [] })));
    let next = joined(rows);
    return {
      logProbabilities: () => next,
      rowCount: () => rows.length,
      async advance(parents, bytes) {
        checkBytes(bytes);
        rows = await opened.feed(
          parents.map((parent) => rows[parent]!),
          bytes,
        );
        next = joined(rows);
      },
      close: opened.close,
    };
  } catch (error) {
    opened.close();
    throw error;
  }
}

export function checkBytes(bytes: readonly number[]): void {
  const wrong = bytes.find((byte) => !Number.isInteger(byte) || byte < 0 || byte >= END);
  if (wrong !== undefined) throw badInput(`a text has bytes from 0 to 255, and ${wrong} is given`);
}

function joined(rows: readonly ByteRow[]): Float32Array {
  const all = new Float32Array(rows.length * OUTCOMES);
  for (const [r, { fused }] of rows.entries()) all.set(fused, r * OUTCOMES);
  return all;
}
