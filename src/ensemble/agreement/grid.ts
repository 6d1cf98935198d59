/**
 * A state's ways to go on, as the cells of a grid: along its axes are the tokens of the members that
 * write, in the order of their probability. Who is behind writes a token that agrees with the text that
 * others have shown already, and these wait; where all have shown the same, all write. Whether the
 * members of a cell agree with each other is not known to it.
 */

import { extendPath, lengthOf, type Path } from '../../model/generate/hypothesis.ts';
import { rankTokens } from './ranked.ts';
import {
  isEndToken,
  partOf,
  type State,
  type Writer,
  type WriterInput,
  type Written,
} from './state.ts';
import { isCompatible } from './surface.ts';

/** [vocabularySize] of a state's member, as its model gives it. */
export type RowOf = (state: number, member: number) => Float32Array;

export interface Grid {
  readonly writers: readonly Writer[];
  readonly inputs: readonly WriterInput[];
  readonly state: State;
  readonly parent: number;
  readonly isLevel: boolean;
  readonly axes: readonly Axis[];
  /** Of each member, as if it waited. */
  readonly parts: readonly number[];
}

/** What a member may write. */
interface Axis {
  readonly member: number;
  /** By rank; undefined if so many were not found yet. */
  readonly extension: (rank: number) => Extension | undefined;
  /** What the part of none that was not looked at exceeds; undefined when there is none. */
  readonly bound: () => number | undefined;
  readonly look: () => void;
}

export interface Extension {
  readonly token: number;
  readonly logProbability: number;
  readonly isEnd: boolean;
  /** With the token; undefined where it takes something back. */
  readonly surface: string | undefined;
  /** The member's part of the score. */
  readonly part: number;
}

export interface Cell {
  readonly grid: Grid;
  readonly ranks: readonly number[];
  /** The last one along which it was reached. */
  readonly axis: number;
  /** One per member, undefined for one that waits; undefined as a whole where one is not known. */
  readonly extensions: readonly (Extension | undefined)[] | undefined;
  /** Axes that must be looked along before the cell is known. */
  readonly unknown: readonly Axis[];
  /** Or a bound on it. */
  readonly score: number;
}

export function gridOf(
  writers: readonly Writer[],
  inputs: readonly WriterInput[],
  state: State,
  parent: number,
  rowOf: RowOf,
  lengthPenalty: number,
): Grid {
  const longest = longestOf(state.map(({ surface }) => surface.text));
  const isLevel = state.every(({ surface }) => surface.text.length === longest.length);
  const axes = writers.flatMap((writer, member): Axis[] => {
    const written = state[member]!;
    if (!isLevel && written.surface.text.length === longest.length) return [];
    const rest = isLevel ? undefined : longest.slice(written.surface.text.length);
    const input = inputs[member]!;
    const isFull = lengthOf(written.path) >= input.limit;
    const row = isFull ? NOTHING : allowedRow(writer, input, written.path, rowOf(parent, member));
    return [{ member, ...axisOf(writer, input, written, row, rest, lengthPenalty) }];
  });
  const parts = writers.map((writer, i) => partOf(writer, state[i]!.path, lengthPenalty));
  return { writers, inputs, state, parent, isLevel, axes, parts };
}

const NOTHING = new Float32Array(0);

/** The rules' own memory is needed for the next row. */
function allowedRow(
  { rules }: Writer,
  { prompt, limit }: WriterInput,
  path: Path | undefined,
  row: Float32Array,
): Float32Array {
  const allowed = rules(row, { prompt, path, limit, logNormalizer: undefined });
  return allowed === row ? row : allowed.slice();
}

/** @param rest the text that others have shown already; undefined on a level, where all may be written */
function axisOf(
  writer: Writer,
  { limit }: WriterInput,
  { path, surface }: Written,
  row: Float32Array,
  rest: string | undefined,
  lengthPenalty: number,
): Omit<Axis, 'member'> {
  const { surfaces } = writer;
  const isEnd = (token: number): boolean => isEndToken(writer, path, token, limit);
  const isPossible = (token: number): boolean => {
    if (rest === undefined) return true;
    if (isEnd(token)) return false;
    const addition = surfaces.addition(surface, token);
    return addition !== undefined && isCompatible(addition, rest);
  };
  const ranked = rankTokens(row, isPossible);
  const known: Extension[] = [];
  const partWith = (token: number, logProbability: number): number =>
    partOf(writer, extendPath(path, token, logProbability), lengthPenalty);
  const extensionOf = (token: number): Extension => {
    const logProbability = row[token]!;
    const addition = surfaces.addition(surface, token);
    return {
      token,
      logProbability,
      isEnd: isEnd(token),
      surface: addition === undefined ? undefined : surface.text + addition,
      part: partWith(token, logProbability),
    };
  };
  return {
    extension: (rank) => {
      const token = ranked.at(rank);
      if (token === undefined) return undefined;
      known[rank] ??= extensionOf(token);
      return known[rank];
    },
    bound: () => {
      const most = ranked.bound();
      return most === undefined ? undefined : partWith(0, most);
    },
    look: ranked.look,
  };
}

/** Undefined beyond the end of an axis. */
export function cellAt(grid: Grid, ranks: readonly number[], axis: number): Cell | undefined {
  const extensions = new Array<Extension | undefined>(grid.state.length).fill(undefined);
  const parts = [...grid.parts];
  const unknown: Axis[] = [];
  for (const [i, along] of grid.axes.entries()) {
    const extension = along.extension(ranks[i]!);
    const part = extension ? extension.part : along.bound();
    if (part === undefined) return undefined;
    if (!extension) unknown.push(along);
    extensions[along.member] = extension;
    parts[along.member] = part;
  }
  const score = parts.reduce((sum, part) => sum + part, 0);
  const known = unknown.length === 0 ? extensions : undefined;
  return { grid, ranks, axis, extensions: known, unknown, score };
}

export function longestOf(texts: readonly string[]): string {
  return texts.reduce((longest, text) => (text.length > longest.length ? text : longest), '');
}
