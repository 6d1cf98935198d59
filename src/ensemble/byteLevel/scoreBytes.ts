/** Probabilities of given texts, byte by byte, with what each member's are worth. */

import { throwIfAborted } from '../../model/abort.ts';
import type { RequestOptions } from '../../model/languageModel.ts';
import { type ByteRow, type ByteRule, openByteRows } from './byteRows.ts';
import { checkBytes } from './byteStream.ts';
import { boundsOf, type ProbabilityBounds } from './certificate.ts';
import { logKeptEnd } from './nextBytes.ts';
import { END } from './outcomes.ts';

export interface GivenBytes {
  readonly input: readonly number[];
  /** Bytes, and perhaps the end behind them. */
  readonly continuation: readonly number[];
}

export interface ByteScores {
  /** Fused, of each outcome of the continuation. */
  readonly logProbabilities: Float64Array;
  /** Of each member's own log P(continuation | input). */
  readonly members: readonly ProbabilityBounds[];
}

/** Texts side by side: rows of a batch at the most. */
const MOST_TEXTS = 32;
/** Numbers that the distributions of texts side by side may have. */
const MOST_NUMBERS = 2 ** 25;

export async function scoreBytes(
  rule: ByteRule,
  texts: readonly GivenBytes[],
  options: RequestOptions = {},
): Promise<readonly ByteScores[]> {
  const scores: ByteScores[] = [];
  for (const batch of batches(rule, texts))
    scores.push(...(await scoreBatch(rule, batch, options)));
  return scores;
}

/** A token has some bytes, so distributions are fewer than bytes. */
function batches({ members }: ByteRule, texts: readonly GivenBytes[]): GivenBytes[][] {
  const size = Math.max(...members.map(({ model }) => model.vocabularySize));
  const cut: GivenBytes[][] = [];
  let bytes = 0;
  for (const text of texts) {
    const length = text.input.length + text.continuation.length;
    const last = cut.at(-1);
    const hasRoom = last && last.length < MOST_TEXTS && (bytes + length) * size <= MOST_NUMBERS;
    if (hasRoom) last.push(text);
    else cut.push([text]);
    bytes = hasRoom ? bytes + length : length;
  }
  return cut;
}

async function scoreBatch(
  rule: ByteRule,
  texts: readonly GivenBytes[],
  options: RequestOptions,
): Promise<ByteScores[]> {
  const bytes = texts.map(({ continuation }) =>
    continuation.at(-1) === END ? continuation.slice(0, -1) : continuation,
  );
  for (const [t, { input }] of texts.entries()) checkBytes([...input, ...bytes[t]!]);
  const opened = openByteRows(rule, options);
  try {
    const rows = [
      ...(await opened.start(
        texts.map(({ input }, t) => ({ given: input, following: bytes[t]! })),
      )),
    ];
    const found = texts.map(({ continuation }) => new Float64Array(continuation.length));
    for (let at = 0; ; at++) {
      for (const [t, { continuation }] of texts.entries()) {
        if (at < continuation.length) found[t]![at] = rows[t]!.fused[continuation[at]!]!;
      }
      const going = [...texts.keys()].filter((t) => bytes[t]!.length > at);
      if (going.length === 0) break;
      throwIfAborted(options.signal);
      const fed = await opened.feed(
        going.map((t) => rows[t]!),
        going.map((t) => bytes[t]![at]!),
      );
      for (const [i, t] of going.entries()) rows[t] = fed[i]!;
    }
    return texts.map(({ continuation }, t) => ({
      logProbabilities: found[t]!,
      members: memberBounds(rows[t]!, continuation.at(-1) === END),
    }));
  } finally {
    opened.close();
  }
}

function memberBounds({ beams }: ByteRow, isEnded: boolean): ProbabilityBounds[] {
  return beams.map((beam) => boundsOf(beam, isEnded ? logKeptEnd(beam) : beam.logKept));
}
