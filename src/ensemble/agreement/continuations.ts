/**
 * The best ways for states to go on. Going along an axis of a grid never raises a score, so a heap that
 * holds the neighbours of what was taken out gives the cells of all states best first (as in cube
 * pruning, D. Chiang, "Hierarchical Phrase-Based Translation", 2007); cells whose members disagree are
 * passed over.
 */

import { extendPath, type Finish, lengthOf, type Path } from '../../model/generate/hypothesis.ts';
import {
  type Cell,
  cellAt,
  type Extension,
  type Grid,
  gridOf,
  longestOf,
  type RowOf,
} from './grid.ts';
import { createHeap } from './heap.ts';
import { type State, tokensOf, type Writer, type WriterInput } from './state.ts';

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

/** Whether all members' tokens are the same text to the last character. */
function isOneText(writers: readonly Writer[], paths: readonly (Path | undefined)[]): boolean {
  const texts = writers.map(({ surfaces }, i) => surfaces.whole(tokensOf(paths[i])));
  return texts.every((text) => text === texts[0]);
}
