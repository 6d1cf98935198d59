/**
 * A state of the search: for every member the tokens that it has written so far, all showing the
 * same text as far as each of them has come. agreementSearch.ts says what its score is.
 */

import { lengthOf, type Path, scoreOf, sumOf } from '../../model/generate/hypothesis.ts';
import type { RowRules } from '../../model/generate/rules.ts';
import { isEndForced, type RuleSettings } from '../../model/generate/rules.ts';
import type { Surface, Surfaces } from './surface.ts';

/** A member as the search sees it. */
export interface Writer {
  /** Of all members they sum to 1. */
  readonly weight: number;
  readonly surfaces: Surfaces;
  readonly rules: RowRules;
  readonly settings: RuleSettings;
}

/** What one member has written. */
export interface Written {
  readonly path: Path | undefined;
  readonly surface: Surface;
}

/** One per member. */
export type State = readonly Written[];

/** What a member is given to continue. */
export interface WriterInput {
  readonly tokens: readonly number[];
  /** As `RowPlace.prompt`. */
  readonly prompt: readonly number[];
  /** Tokens that it can write. */
  readonly limit: number;
}

/** A member's part of the score, which is their sum; of no tokens 0. */
export function partOf({ weight }: Writer, path: Path | undefined, lengthPenalty: number): number {
  return path ? weight * scoreOf(path.sumLogProb, path.length, lengthPenalty) : 0;
}

/** What no text that begins like this state can exceed: sums only fall, and lengths are limited. */
export function boundOfState(
  writers: readonly Writer[],
  state: State,
  inputs: readonly WriterInput[],
  lengthPenalty: number,
): number {
  return writers.reduce((total, { weight }, i) => {
    const { path } = state[i]!;
    const length = lengthPenalty > 0 ? inputs[i]!.limit : lengthOf(path);
    return total + weight * scoreOf(sumOf(path), length, lengthPenalty);
  }, 0);
}

/** Whether a token after the path ends the text, and is no part of it. */
export function isEndToken(
  { settings }: Writer,
  path: Path | undefined,
  token: number,
  limit: number,
): boolean {
  if (isEndForced(settings, lengthOf(path), limit)) return token === settings.forcedEndToken;
  return settings.endTokens.includes(token);
}

export function tokensOf(last: Path | undefined): number[] {
  const tokens = new Array<number>(lengthOf(last));
  for (let path = last; path !== undefined; path = path.previous) {
    tokens[path.length - 1] = path.token;
  }
  return tokens;
}
