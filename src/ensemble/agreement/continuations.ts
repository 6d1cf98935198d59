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
import { type RankedTokens, rankTokens } from './ranked.ts';
import {
  isEndToken,
  type State,
  scoreOfState,
  tokensOf,
  type Writer,
  type WriterInput,
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

/** Best first; of equals, those of the earlier state. At most `count` of them are on a level. */
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
    const cell = cellAt(grid, ranks, axis, lengthPenalty);
    if (cell) heap.push(cell, cell.score);
  };
  states.forEach((state, parent) => {
    const grid = gridOf(writers, inputs, state, parent, rowOf);
    offer(grid, new Array<number>(grid.axes.length).fill(0), 0);
  });
  const found: Continuation[] = [];
  let levelCount = 0;
  for (let looked = 0; looked < cells && levelCount < count; looked++) {
    const cell = heap.pop();
    if (!cell) break;
    const { grid, ranks } = cell;
    // Every cell has one neighbour that offers it: the one before it along its last axis above 0.
    for (let axis = cell.axis; axis < ranks.length; axis++) {
      offer(grid, ranks.with(axis, ranks[axis]! + 1), axis);
    }
    const continuation = continuationOf(grid, cell);
    if (!continuation) continue;
    found.push(continuation);
    if (continuation.isLevel) levelCount++;
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
}

/** The tokens that a member may write. */
interface Axis {
  readonly member: number;
  readonly row: Float32Array;
  readonly ranked: RankedTokens;
}

interface Cell {
  readonly grid: Grid;
  readonly ranks: readonly number[];
  /** The last one along which it was reached. */
  readonly axis: number;
  readonly tokens: readonly (number | undefined)[];
  readonly paths: readonly (Path | undefined)[];
  readonly score: number;
}

function gridOf(
  writers: readonly Writer[],
  inputs: readonly WriterInput[],
  state: State,
  parent: number,
  rowOf: RowOf,
): Grid {
  const longest = longestOf(state.map(({ surface }) => surface.text));
  const isLevel = state.every(({ surface }) => surface.text.length === longest.length);
  const axes = writers.flatMap((writer, member): Axis[] => {
    const { path, surface } = state[member]!;
    if (!isLevel && surface.text.length === longest.length) return [];
    const input = inputs[member]!;
    const row = allowedRow(writer, input, path, rowOf(parent, member));
    const rest = longest.slice(surface.text.length);
    const isPossible = (token: number): boolean => {
      if (isLevel) return true;
      if (isEndToken(writer, path, token, input.limit)) return false;
      const addition = writer.surfaces.addition(surface, token);
      return addition !== undefined && isCompatible(addition, rest);
    };
    const isFull = lengthOf(path) >= input.limit;
    return [{ member, row, ranked: isFull ? () => undefined : rankTokens(row, isPossible) }];
  });
  return { writers, inputs, state, parent, isLevel, axes };
}

/** The rules' own memory is needed for the next row. */
function allowedRow(
  { rules }: Writer,
  { prompt, limit }: WriterInput,
  path: Path | undefined,
  row: Float32Array,
): Float32Array {
  const allowed = rules(row, { prompt, path, limit });
  return allowed === row ? row : allowed.slice();
}

/** Undefined beyond the end of an axis. */
function cellAt(
  grid: Grid,
  ranks: readonly number[],
  axis: number,
  lengthPenalty: number,
): Cell | undefined {
  const { axes, state, writers } = grid;
  const tokens = new Array<number | undefined>(state.length).fill(undefined);
  const paths = state.map(({ path }) => path);
  for (const [i, { member, row, ranked }] of axes.entries()) {
    const token = ranked(ranks[i]!);
    if (token === undefined) return undefined;
    tokens[member] = token;
    paths[member] = extendPath(paths[member], token, row[token]!);
  }
  return { grid, ranks, axis, tokens, paths, score: scoreOfState(writers, paths, lengthPenalty) };
}

/** Undefined where the members disagree. */
function continuationOf(grid: Grid, cell: Cell): Continuation | undefined {
  const { tokens, paths, score } = cell;
  const { writers, state, inputs, parent, isLevel, axes } = grid;
  const isEnd = (member: number): boolean =>
    isEndToken(writers[member]!, state[member]!.path, tokens[member]!, inputs[member]!.limit);
  const endCount = axes.filter(({ member }) => isEnd(member)).length;
  const isFull = paths.some((path, member) => lengthOf(path) >= inputs[member]!.limit);
  const finish = isFull ? 'length' : 'end';
  const continuation = { parent, tokens, paths, score };
  if (endCount > 0) {
    const isAgreed = isLevel && endCount === state.length && isOneText(writers, state.map(pathOf));
    return isAgreed ? { ...continuation, isLevel, finish } : undefined;
  }
  const surfaces = surfacesOf(grid, tokens);
  if (!surfaces) return undefined;
  const isOver = isFull && isOneText(writers, paths);
  const isLevelThen = surfaces.every(({ length }) => length === surfaces[0]!.length);
  return { ...continuation, isLevel: isLevelThen, finish: isOver ? finish : undefined };
}

function pathOf({ path }: State[number]): Path | undefined {
  return path;
}

/** With the tokens; undefined where they disagree. */
function surfacesOf(
  { writers, state }: Grid,
  tokens: readonly (number | undefined)[],
): string[] | undefined {
  const surfaces: string[] = [];
  for (const [member, token] of tokens.entries()) {
    const { surface } = state[member]!;
    const addition = token === undefined ? '' : writers[member]!.surfaces.addition(surface, token);
    if (addition === undefined) return undefined;
    surfaces.push(surface.text + addition);
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
