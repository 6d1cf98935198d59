/**
 * The beam search of one item. Its steps are those of the beam search of one model
 * (model/generate/beamSearch.ts), with states on a level in the place of beams, so that copies of one
 * model search as it does alone. States in between have as many places of their own: whoever is behind
 * has not yet paid for the text that others have shown, so that their scores flatter them, and they
 * would crowd out the rest.
 */

import type { EarlyStopping } from '../../model/generate/beamSearch.ts';
import type { Finish, Path } from '../../model/generate/hypothesis.ts';
import {
  bestContinuations,
  type Continuation,
  type ContinuationSettings,
} from './continuations.ts';
import type { RowOf } from './grid.ts';
import { boundOfState, type State, type Writer, type WriterInput } from './state.ts';

export interface ItemSettings extends ContinuationSettings {
  readonly beams: number;
  readonly earlyStopping: EarlyStopping;
}

/** A state of the next step: one of this step and its members' tokens; undefined for who waits. */
export interface Growth {
  readonly parent: number;
  readonly tokens: readonly (number | undefined)[];
}

export interface Finished {
  readonly paths: readonly (Path | undefined)[];
  readonly score: number;
  readonly finish: Finish;
}

export interface ItemSearch {
  readonly states: () => readonly State[];
  /** No growth means that the search has ended. */
  readonly step: (rowOf: RowOf) => readonly Growth[];
  /** Best first. */
  readonly finished: () => readonly Finished[];
}

interface Running {
  readonly state: State;
  readonly score: number;
}

export function itemSearch(
  writers: readonly Writer[],
  inputs: readonly WriterInput[],
  settings: ItemSettings,
): ItemSearch {
  const { beams } = settings;
  const first = writers.map(({ surfaces }) => ({ path: undefined, surface: surfaces.empty }));
  let running: readonly Running[] = [{ state: first, score: 0 }];
  let pool: readonly Finished[] = [];
  return {
    states: () => running.map(({ state }) => state),
    step(rowOf) {
      const states = running.map(({ state }) => state);
      const found = bestContinuations(writers, inputs, states, rowOf, beams, settings);
      const level = found.filter(({ isLevel }) => isLevel);
      const going = [level, found.filter(({ isLevel }) => !isLevel)]
        .flatMap((kind) => kind.filter(({ finish }) => finish === undefined).slice(0, beams))
        .sort((a, b) => b.score - a.score);
      pool = mergePool(pool, level.slice(0, beams), beams);
      running = going.map((continuation) => grown(writers, states, continuation));
      if (isOver(writers, inputs, settings, running, pool)) running = [];
      return running.length === 0 ? [] : going;
    },
    finished: () => pool,
  };
}

function grown(
  writers: readonly Writer[],
  states: readonly State[],
  { parent, tokens, paths, score }: Continuation,
): Running {
  const state = states[parent]!.map(({ surface }, member) => {
    const token = tokens[member];
    const { surfaces } = writers[member]!;
    const next = token === undefined ? surface : surfaces.extend(surface, token);
    return { path: paths[member], surface: next };
  });
  return { state, score };
}

/** Of equal scores the older comes first. */
function mergePool(
  pool: readonly Finished[],
  candidates: readonly Continuation[],
  beams: number,
): readonly Finished[] {
  const ended = candidates.flatMap(({ finish, paths, score }): Finished[] =>
    finish === undefined ? [] : [{ finish, paths, score }],
  );
  return [...pool, ...ended].sort((a, b) => b.score - a.score).slice(0, beams);
}

function isOver(
  writers: readonly Writer[],
  inputs: readonly WriterInput[],
  { beams, earlyStopping, lengthPenalty }: ItemSettings,
  running: readonly Running[],
  pool: readonly Finished[],
): boolean {
  if (pool.length < beams) return false;
  if (earlyStopping === true) return true;
  const hopes = running.map(({ state, score }) =>
    earlyStopping === 'never' ? boundOfState(writers, state, inputs, lengthPenalty) : score,
  );
  return Math.max(...hopes) <= pool.at(-1)!.score;
}
