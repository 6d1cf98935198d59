/**
 * What may be written next, whatever the way of choosing: bans, the least length, the forced end and
 * the penalty on repetition. Not the cuts of sampling.
 *
 *   banned token                 -> -infinity
 *   seen token of logit x         -> x / penalty if x >= 0, penalty * x if x < 0
 *   seen token of log p           -> penalty * log p, that is p^penalty, where there are no logits
 *   forced token                  -> 0, all others -infinity: it is certain, and adds nothing to a score
 *
 * The penalty is that of N. S. Keskar et al. (CTRL, arXiv:1909.05858), who divide logits by it, with the
 * case of transformers for negative ones. Logits are x = log p + z, and z is put back and taken off
 * again, so that the rows stay what they are called. A fused distribution has no logits; its seen tokens
 * are penalised by their log-probabilities, which are never positive. So are all in a beam search, as in
 * transformers, whose beams are searched over log-probabilities.
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
  /** z of the row, if its logits are to be penalised. */
  readonly logNormalizer: number | undefined;
}

/** Gives the row itself where nothing changes, else memory that the next call reuses. */
export type RowRules = (row: Float32Array, place: RowPlace) => Float32Array;

export function createRules(settings: RuleSettings, vocabularySize: number): RowRules {
  const { bannedTokens, endTokens, minNewTokens, repetitionPenalty } = settings;
  const scratch = new Float32Array(vocabularySize);
  return (row, { prompt, path, limit, logNormalizer }) => {
    const length = lengthOf(path);
    const forced = isEndForced(settings, length, limit) ? settings.forcedEndToken : undefined;
    if (forced !== undefined) return allowOnly(scratch, forced);
    const early = length < minNewTokens ? endTokens : [];
    if (repetitionPenalty === 1 && bannedTokens.length + early.length === 0) return row;
    scratch.set(row);
    if (repetitionPenalty !== 1) {
      const penalized = penaltyOn(repetitionPenalty, logNormalizer);
      for (const token of prompt) scratch[token] = penalized(row[token]!);
      for (let each = path; each; each = each.previous) {
        scratch[each.token] = penalized(row[each.token]!);
      }
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

/** Of a log-probability as it was, so that a token counts once, however often it was written. */
function penaltyOn(penalty: number, z: number | undefined): (logProbability: number) => number {
  if (z === undefined) return (logProbability) => logProbability * penalty;
  return (logProbability) => {
    const logit = logProbability + z;
    return (logit < 0 ? logit * penalty : logit / penalty) - z;
  };
}
