/**
 * What may be written next, whatever the way of choosing: bans, the least length, the forced end and
 * the penalty on repetition. Not the cuts of sampling.
 *
 *   banned token           -> -infinity
 *   seen token of log p    -> penalty * log p, that is p^penalty
 *   forced token           -> 0, all others -infinity: it is certain, and adds nothing to a score
 *
 * The penalty is that of N. S. Keskar et al. (CTRL, arXiv:1909.05858), who divide logits by it. A
 * logit is known up to a constant per row only, and dividing by the penalty means another thing for
 * every constant, so transformers multiplies negative logits and divides positive ones, and even so
 * two equal distributions are penalised differently. Here it is applied to log-probabilities, which
 * are never positive, so that it depends on the distribution alone, and fused distributions, which have
 * no logits, have the same penalty. That is what transformers does in a beam search; its greedy search
 * and sampling differ from this where a penalty is set, and only there.
 *
 * No rule renormalises: what is left of a row sums to less than 1, as in transformers.
 */

import { lengthOf, type Path } from './hypothesis.ts';

export interface RuleSettings {
  readonly bannedTokens: readonly number[];
  readonly endTokens: readonly number[];
  /** Tokens that must come before an end token. */
  readonly minNewTokens: number;
  readonly forcedEndToken: number | undefined;
  readonly repetitionPenalty: number;
}

export interface RowPlace {
  /** Input tokens that count as written: those of a causal model. */
  readonly prompt: readonly number[];
  readonly path: Path | undefined;
  /** Tokens that the continuation can have. */
  readonly limit: number;
}

/** Gives the row itself where nothing changes, else memory that the next call reuses. */
export type RowRules = (row: Float32Array, place: RowPlace) => Float32Array;

export function createRules(settings: RuleSettings, vocabularySize: number): RowRules {
  const { bannedTokens, endTokens, minNewTokens, repetitionPenalty } = settings;
  const scratch = new Float32Array(vocabularySize);
  return (row, { prompt, path, limit }) => {
    const length = lengthOf(path);
    const forced = isEndForced(settings, length, limit) ? settings.forcedEndToken : undefined;
    if (forced !== undefined) return allowOnly(scratch, forced);
    const early = length < minNewTokens ? endTokens : [];
    if (repetitionPenalty === 1 && bannedTokens.length + early.length === 0) return row;
    scratch.set(row);
    if (repetitionPenalty !== 1) {
      penalize(scratch, row, prompt, repetitionPenalty);
      penalizePath(scratch, row, path, repetitionPenalty);
    }
    ban(scratch, bannedTokens);
    ban(scratch, early);
    return scratch;
  };
}

/** Whether the token after `length` tokens is the last one and is given. */
export function isEndForced(settings: RuleSettings, length: number, limit: number): boolean {
  return settings.forcedEndToken !== undefined && length + 1 === limit;
}

export function ban(row: Float32Array, tokens: readonly number[]): void {
  for (const token of tokens) row[token] = Number.NEGATIVE_INFINITY;
}

export function allowOnly(row: Float32Array, token: number): Float32Array {
  row.fill(Number.NEGATIVE_INFINITY);
  row[token] = 0;
  return row;
}

/** Each token once, however often it is named: the value is taken from the row as it was. */
export function penalize(
  row: Float32Array,
  before: Float32Array,
  tokens: readonly number[],
  penalty: number,
): void {
  for (const token of tokens) row[token] = before[token]! * penalty;
}

function penalizePath(
  row: Float32Array,
  before: Float32Array,
  last: Path | undefined,
  penalty: number,
): void {
  for (let path = last; path !== undefined; path = path.previous) {
    row[path.token] = before[path.token]! * penalty;
  }
}
