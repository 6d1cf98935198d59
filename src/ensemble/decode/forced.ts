/**
 * Given continuations, step by step: at every place the stream says what it expects before the given
 * token is written. For what a pass over whole texts cannot tell, such as a pool that normalises.
 */

import { throwIfAborted } from '../../model/abort.ts';
import type { RequestOptions, TokenStream } from '../../model/languageModel.ts';

export interface GivenText {
  readonly input: readonly number[];
  readonly continuation: readonly number[];
}

/** @param row of the stream; `text` and `place` say whose next token is `token` */
export type Visit<Stream> = (
  stream: Stream,
  row: number,
  text: number,
  place: number,
  token: number,
) => void;

/** Texts side by side; those that have ended leave the stream. */
export async function forceTexts<Stream extends TokenStream>(
  start: (inputs: readonly (readonly number[])[], options: RequestOptions) => Promise<Stream>,
  texts: readonly GivenText[],
  visit: Visit<Stream>,
  options: RequestOptions,
): Promise<void> {
  let live = [...texts.keys()].filter((t) => texts[t]!.continuation.length > 0);
  if (live.length === 0) return;
  const stream = await start(
    live.map((t) => texts[t]!.input),
    options,
  );
  try {
    for (let place = 0; ; place++) {
      const tokens = live.map((t) => texts[t]!.continuation[place]!);
      for (const [row, t] of live.entries()) visit(stream, row, t, place, tokens[row]!);
      const going = [...live.keys()].filter(
        (row) => texts[live[row]!]!.continuation.length > place + 1,
      );
      if (going.length === 0) return;
      throwIfAborted(options.signal);
      await stream.advance(
        going,
        going.map((row) => tokens[row]!),
        options,
      );
      live = going.map((row) => live[row]!);
    }
  } finally {
    stream.close();
  }
}
