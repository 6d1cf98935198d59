/**
 * Greedy search and sampling: every row goes its own way, a token a step.
 *
 *   greedy   token = argmax p(token | before), the lowest of equals
 *   sample   token ~ p, see sampler.ts
 *
 * Several samples of an input share its first row, so that the input is read once.
 */

import { type Candidate, offerRow } from './candidates.ts';
import { extendPath, type Finish, hypothesisOf, lengthOf, type Path } from './hypothesis.ts';
import { isEndForced, type RowRules, type RuleSettings } from './rules.ts';
import { hashTokens, type Sampler } from './sampler.ts';
import { nothingPossible, type Search } from './search.ts';

/** A token that might be written, of the row that the choice is made from. */
export interface TokenAlternative {
  readonly token: number;
  readonly logProbability: number;
}

/** A token that was just written. */
export interface TokenEvent {
  /** Place of the input among the inputs. */
  readonly input: number;
  /** Place of the sample among those of the input. */
  readonly hypothesis: number;
  readonly token: number;
  readonly logProbability: number;
  /** As many as were asked for, the most probable first; the token itself may be among them. */
  readonly alternatives: readonly TokenAlternative[];
  /** Set if this was the last token. */
  readonly finish: Finish | undefined;
}

export type TokenListener = (event: TokenEvent) => 'continue' | 'stop';

export interface SearchInput {
  readonly index: number;
  readonly tokens: readonly number[];
  /** As `RowPlace.prompt`. */
  readonly prompt: readonly number[];
  readonly limit: number;
}

export interface RowSearchSettings extends RuleSettings {
  readonly hypotheses: number;
  readonly lengthPenalty: number;
  readonly alternatives: number;
  readonly onToken: TokenListener | undefined;
}

/** One sample on its way. */
interface Walker {
  readonly sample: number;
  row: number;
  path: Path | undefined;
  finish: Finish | undefined;
}

/** Chooses a token of a row, or -1. */
type Choice = (row: Float32Array, sample: number, step: number) => number;

export function greedySearch(
  settings: RowSearchSettings,
  rules: RowRules,
  input: SearchInput,
): Search {
  return rowSearch(settings, rules, input, argmax);
}

export function sampleSearch(
  settings: RowSearchSettings,
  rules: RowRules,
  input: SearchInput,
  sampler: Sampler,
): Search {
  const inputHash = hashTokens(input.tokens);
  return rowSearch(settings, rules, input, (row, sample, step) =>
    sampler(row, { inputHash, sample, step }),
  );
}

function rowSearch(
  settings: RowSearchSettings,
  rules: RowRules,
  input: SearchInput,
  choose: Choice,
): Search {
  const walkers = Array.from({ length: settings.hypotheses }, (_, sample): Walker => {
    return { sample, row: 0, path: undefined, finish: undefined };
  });
  return {
    step: (rows, logNormalizers) => {
      const open = walkers.filter(({ finish }) => finish === undefined);
      for (const walker of open) {
        const { row } = walker;
        takeStep(walker, rows[row]!, logNormalizers?.[row], settings, rules, input, choose);
      }
      return open.filter(({ finish }) => finish === undefined).map(continueWalker);
    },
    result: () =>
      walkers.map(({ path, finish }) => hypothesisOf(path!, settings.lengthPenalty, finish!)),
  };
}

function takeStep(
  walker: Walker,
  row: Float32Array,
  logNormalizer: number | undefined,
  settings: RowSearchSettings,
  rules: RowRules,
  { index, prompt, limit }: SearchInput,
  choose: Choice,
): void {
  const { sample, path } = walker;
  const length = lengthOf(path);
  const allowed = rules(row, { prompt, path, limit, logNormalizer });
  const token = choose(allowed, sample, length);
  if (token < 0) throw nothingPossible(length);
  const logProbability = allowed[token]!;
  walker.path = extendPath(path, token, logProbability);
  walker.finish = finishOf(settings, token, length, limit);
  if (!settings.onToken) return;
  const { finish } = walker;
  const alternatives = mostProbable(allowed, settings.alternatives);
  const place = { input: index, hypothesis: sample };
  const heard = settings.onToken({ ...place, token, logProbability, alternatives, finish });
  if (heard === 'stop') walker.finish ??= 'stop';
}

const NONE: readonly TokenAlternative[] = [];

function mostProbable(row: Float32Array, count: number): readonly TokenAlternative[] {
  if (count === 0) return NONE;
  const best: Candidate[] = [];
  offerRow(best, count, row, 0, 0);
  return best.map(({ token, logProbability }) => ({ token, logProbability }));
}

/** Whether, and how, a token that comes after `length` others ends its continuation. */
export function finishOf(
  settings: RuleSettings,
  token: number,
  length: number,
  limit: number,
): Finish | undefined {
  if (settings.endTokens.includes(token) && !isEndForced(settings, length, limit)) return 'end';
  return length + 1 >= limit ? 'length' : undefined;
}

function continueWalker(walker: Walker, nextRow: number): { parent: number; token: number } {
  const parent = walker.row;
  walker.row = nextRow;
  return { parent, token: walker.path!.token };
}

function argmax(row: Float32Array): number {
  let best = -1;
  let largest = Number.NEGATIVE_INFINITY;
  for (let token = 0; token < row.length; token++) {
    if (!(row[token]! > largest)) continue;
    largest = row[token]!;
    best = token;
  }
  return best;
}
