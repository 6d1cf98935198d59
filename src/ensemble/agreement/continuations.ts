/**
 * The best ways for states to go on. Who is behind writes a token that agrees with the text that
 * others have shown already, and these wait; where all have shown the same, all write. A state's ways
 * to go on are the cells of a grid, with the members' tokens in the order of their probability along
 * its axes. Going along an axis never raises a score, so a heap that holds the neighbours of what was
 * taken out gives the cells of all states best first (as in cube pruning, D. Chiang,
 * "Hierarchical Phrase-Based Translation", 2007); cells whose surfaces disagree are passed over.
 */

import { extendPath, type Finish, lengthOf, type Path } from '../../model/generate/hypothesis.ts';
import { createHeap } from './heap.ts';
import { rankTokens } from './ranked.ts';
import {
  isEndToken,
  partOf,
  type State,
  tokensOf,
  type Writer,
  type WriterInput,
  type Written,
} from './state.ts';
import { isCompatible } from './surface.ts';

export interface Continuation {
  /** Among the states. */
  readonly parent: number;
  /** One per member; undefined for one that waits. */
  readonly tokens: readonly (number | undefined)[];
  readonly paths: readonly (Path | undefined)[];
  readonly score: number;
  /** Whether all have shown the same text then. */
  readonly isLevel: boolean;
  readonly finish: Finish | undefined;
}

export interface ContinuationSettings {
  readonly lengthPenalty: number;
  /** Cells that are looked at, whether or not they agree. */
  readonly cells: number;
}

/** [vocabularySize] of a state's member, as its model gives it. */
export type RowOf = (state: number, member: number) => Float32Array;

/**
 * Best first; of equals, those of the earlier state. At most `count` of them are on a level and go on,
 * and what comes after these is left out.
 */
export function bestContinuations(
  writers: readonly Writer[],
  inputs: readonly WriterInput[],
  states: readonly State[],
  rowOf: RowOf,
  count: number,
  { lengthPenalty, cells }: ContinuationSettings,
): Continuation[] {
  const heap = createHeap<Cell>();
  const offer = (grid: Grid, ranks: readonly number[], axis: number): void => {
    const cell = cellAt(grid, ranks, axis);
    if (cell) heap.push(cell, cell.score);
  };
  states.forEach((state, parent) => {
    const grid = gridOf(writers, inputs, state, parent, rowOf, lengthPenalty);
    offer(grid, new Array<number>(grid.axes.length).fill(0), 0);
  });
  const found: Continuation[] = [];
  let going = 0;
  for (let looked = 0; looked < cells && going < count; looked++) {
    const cell = heap.pop();
    if (!cell) break;
    const { grid, ranks, axis: from } = cell;
    if (!cell.extensions) {
      for (const { look } of cell.unknown) look();
      offer(grid, ranks, from);
      continue;
    }
    // Every cell has one neighbour that offers it: the one before it along its last axis above 0.
    for (let axis = from; axis < ranks.length; axis++) {
      offer(grid, ranks.with(axis, ranks[axis]! + 1), axis);
    }
    const continuation = continuationOf(grid, cell.extensions, cell.score);
    if (!continuation) continue;
    found.push(continuation);
    if (continuation.isLevel && continuation.finish === undefined) going++;
  }
  return found;
}

interface Grid {
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

interface Extension {
  readonly token: number;
  readonly logProbability: number;
  readonly isEnd: boolean;
  /** With the token; undefined where it takes something back. */
  readonly surface: string | undefined;
  /** The member's part of the score. */
  readonly part: number;
}

interface Cell {
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

function gridOf(
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
function cellAt(grid: Grid, ranks: readonly number[], axis: number): Cell | undefined {
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

/** Undefined where the members disagree. */
function continuationOf(
  grid: Grid,
  extensions: readonly (Extension | undefined)[],
  score: number,
): Continuation | undefined {
  const { writers, state, inputs, parent } = grid;
  const endCount = extensions.filter((extension) => extension?.isEnd).length;
  const surfaces = endCount > 0 ? [] : agreedSurfaces(state, extensions);
  if (!surfaces || (endCount > 0 && endCount < state.length)) return undefined;
  const before = state.map(({ path }) => path);
  const paths = extensions.map((added, i) =>
    added ? extendPath(before[i], added.token, added.logProbability) : before[i],
  );
  const isFull = paths.some((path, member) => lengthOf(path) >= inputs[member]!.limit);
  const isOver = endCount > 0 || isFull;
  const isAgreed = isOver && isOneText(writers, endCount > 0 ? before : paths);
  if (endCount > 0 && !isAgreed) return undefined;
  const isLevel = surfaces.every(({ length }) => length === surfaces[0]!.length);
  const finish = isAgreed ? (isFull ? 'length' : 'end') : undefined;
  const tokens = extensions.map((extension) => extension?.token);
  return { parent, tokens, paths, score, isLevel, finish };
}

/** With the extensions; undefined where they disagree. */
function agreedSurfaces(
  state: State,
  extensions: readonly (Extension | undefined)[],
): readonly string[] | undefined {
  const surfaces: string[] = [];
  for (const [member, extension] of extensions.entries()) {
    const surface = extension ? extension.surface : state[member]!.surface.text;
    if (surface === undefined) return undefined;
    surfaces.push(surface);
  }
  const longest = longestOf(surfaces);
  return surfaces.every((surface) => longest.startsWith(surface)) ? surfaces : undefined;
}

function longestOf(texts: readonly string[]): string {
  return texts.reduce((longest, text) => (text.length > longest.length ? text : longest), '');
}

/** Whether all members' tokens are the same text to the last character. */
function isOneText(writers: readonly Writer[], paths: readonly (Path | undefined)[]): boolean {
  const texts = writers.map(({ surfaces }, i) => surfaces.whole(tokensOf(paths[i])));
  return texts.every((text) => text === texts[0]);
}
