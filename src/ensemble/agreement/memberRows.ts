/**
 * The rows of one member: the distributions after token sequences of which, at every step, some grow
 * and others wait. A stream grows as a whole, so rows that wait stay behind in it while those that
 * grow go on in a fork. Where streams cannot be forked, what waits keeps its distribution alone and is
 * computed once more when it grows: in a causal model by one pass, else token by token.
 */

import type { RequestOptions, TokenModel, TokenStream } from '../../model/languageModel.ts';

/** Where a distribution is. */
export type Row =
  | { readonly stream: TokenStream; readonly index: number }
  | { readonly stream: undefined; readonly values: Float32Array };

/** What becomes of a row: a token is added, or it waits. */
export interface Move {
  readonly row: Row;
  readonly input: readonly number[];
  /** Those that the row comes after. */
  readonly tokens: readonly number[];
  readonly token: number | undefined;
}

export interface MemberRows {
  readonly start: (inputs: readonly (readonly number[])[]) => Promise<readonly Row[]>;
  /** One row per move; rows that no move names are given up. */
  readonly advance: (moves: readonly Move[]) => Promise<readonly Row[]>;
  /** [vocabularySize]; until the next `advance`. */
  readonly logProbabilities: (row: Row) => Float32Array;
  readonly close: () => void;
}

export function createMemberRows(model: TokenModel, options: RequestOptions): MemberRows {
  const open = new Set<TokenStream>();
  const opened = async (start: Promise<TokenStream>): Promise<TokenStream> => {
    const stream = await start;
    open.add(stream);
    return stream;
  };
  const closeUnless = (isUsed: (stream: TokenStream) => boolean): void => {
    for (const stream of open) {
      if (isUsed(stream)) continue;
      stream.close();
      open.delete(stream);
    }
  };
  const valuesOf = (row: Row): Float32Array => rowValues(row, model.vocabularySize);

  const grow = async (stream: TokenStream, moves: readonly Growing[], rows: Row[]) => {
    const parents = moves.map(({ index }) => index);
    const tokens = moves.map(({ token }) => token);
    await stream.advance(parents, tokens, options);
    for (const [index, { place }] of moves.entries()) rows[place] = { stream, index };
  };
  const advanceStream = async (
    stream: TokenStream,
    moves: readonly Growing[],
    waiting: readonly number[],
    rows: Row[],
  ) => {
    if (waiting.length > 0 && stream.fork) return grow(await opened(stream.fork()), moves, rows);
    for (const place of waiting) {
      rows[place] = { stream: undefined, values: valuesOf(rows[place]!).slice() };
    }
    return grow(stream, moves, rows);
  };

  return {
    async start(inputs) {
      const stream = await opened(model.start(inputs, options));
      return inputs.map((_, index) => ({ stream, index }));
    },
    async advance(moves) {
      const rows = moves.map(({ row }) => row);
      const { streams, lost } = sortMoves(moves);
      for (const [stream, { growing, waiting }] of streams) {
        if (growing.length > 0) await advanceStream(stream, growing, waiting, rows);
      }
      for (const growing of lost) {
        await grow(await restart(model, growing, opened, options), growing, rows);
      }
      const used = new Set(rows.map(({ stream }) => stream));
      closeUnless((stream) => used.has(stream));
      return rows;
    },
    logProbabilities: valuesOf,
    close: () => closeUnless(() => false),
  };
}

function rowValues(row: Row, size: number): Float32Array {
  if (row.stream === undefined) return row.values;
  return row.stream.logProbabilities().subarray(row.index * size, (row.index + 1) * size);
}

interface Growing extends Move {
  /** Among the moves. */
  readonly place: number;
  /** Among the rows of the stream. */
  readonly index: number;
  readonly token: number;
}

interface Sorted {
  readonly streams: ReadonlyMap<TokenStream, { growing: Growing[]; waiting: number[] }>;
  /** What grows and has no stream, by its number of tokens. */
  readonly lost: Iterable<readonly Growing[]>;
}

function sortMoves(moves: readonly Move[]): Sorted {
  const streams = new Map<TokenStream, { growing: Growing[]; waiting: number[] }>();
  const lost = new Map<number, Growing[]>();
  for (const [place, move] of moves.entries()) {
    const { row, token, tokens } = move;
    if (row.stream !== undefined) {
      const { growing, waiting } = streams.get(row.stream) ?? { growing: [], waiting: [] };
      streams.set(row.stream, { growing, waiting });
      if (token === undefined) waiting.push(place);
      else growing.push({ ...move, place, token, index: row.index });
    } else if (token !== undefined) {
      const group = lost.get(tokens.length) ?? [];
      lost.set(tokens.length, group);
      group.push({ ...move, place, token, index: group.length });
    }
  }
  return { streams, lost: lost.values() };
}

/** A stream of the rows as they are before their tokens. */
async function restart(
  model: TokenModel,
  moves: readonly Move[],
  opened: (start: Promise<TokenStream>) => Promise<TokenStream>,
  options: RequestOptions,
): Promise<TokenStream> {
  if (model.kind === 'causal') {
    const texts = moves.map(({ input, tokens }) => [...input, ...tokens]);
    return opened(model.start(texts, options));
  }
  const inputs = moves.map(({ input }) => input);
  const stream = await opened(model.start(inputs, options));
  const everyRow = moves.map((_, row) => row);
  for (const step of moves[0]!.tokens.keys()) {
    const tokens = moves.map(({ tokens }) => tokens[step]!);
    await stream.advance(everyRow, tokens, options);
  }
  return stream;
}
